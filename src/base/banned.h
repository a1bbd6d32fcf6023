/* Force-included everywhere: calls whose misuse is too easy become compile errors. */
#ifndef LITEFORM_BASE_BANNED_H
#define LITEFORM_BASE_BANNED_H

#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat sprintf vsprintf strncpy strncat strtok gmtime localtime atoi
#pragma GCC poison atol atof

#endif
