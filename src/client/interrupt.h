/*
 * The two numbers behind client_interrupt(): a count, and a descriptor that becomes readable.
 * Apart from http.c so that what waits for children or for PostgreSQL can look too.
 */
#ifndef LITEFORM_CLIENT_INTERRUPT_H
#define LITEFORM_CLIENT_INTERRUPT_H

#include <stdbool.h>

/** Makes the descriptor; calls after the first do nothing. client_interrupt() works without, too. */
void interrupt_prepare(void);
/** To be polled for reading; -1 when there is none. */
int interrupt_fd(void);
/** Empties the descriptor, so that the next poll waits again. */
void interrupt_drain(void);
/** Waits until `fd` can be read or has ended. False when client_interrupt() was called before or
 *  meanwhile: a signal between a question and its read must not be lost. */
bool interrupt_wait_input(int fd);

#endif
