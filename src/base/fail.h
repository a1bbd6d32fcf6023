/* The ends of the process that are no diagnostic: no memory, or a bug. */
#ifndef LITEFORM_BASE_FAIL_H
#define LITEFORM_BASE_FAIL_H

/** Says on stderr that memory ran out and exits with 1. */
_Noreturn void fail_memory(void);
/** Says on stderr what cannot be (`what`, and `detail` unless NULL) and aborts. */
_Noreturn void fail_bug(const char *what, const char *detail);

#endif
