/* Time, read only here. */
#ifndef LITEFORM_BASE_CLOCK_H
#define LITEFORM_BASE_CLOCK_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

/** Seconds since 1970, UTC. */
int64_t clock_now(void);
/** Milliseconds on a clock that only goes forward and counts suspended time. */
int64_t clock_ms(void);
/** "2026-11-24T08:30:00Z" */
char *clock_format(struct arena *arena, int64_t seconds);
/** Parses an ISO 8601 time with or without fraction and zone (none: UTC). */
bool clock_parse(const char *text, int64_t *ret_seconds);

#endif
