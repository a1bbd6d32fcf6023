/*
 * The two numbers behind client_interrupt(): a count, and a descriptor that becomes readable.
 * Apart from http.c so that what waits for children or for PostgreSQL can look too.
 */
#ifndef LITEFORM_CLIENT_INTERRUPT_H
#define LITEFORM_CLIENT_INTERRUPT_H

/** Makes the descriptor; calls after the first do nothing. client_interrupt() works without, too. */
void interrupt_prepare(void);
/** To be polled for reading; -1 when there is none. */
int interrupt_fd(void);
/** Empties the descriptor, so that the next poll waits again. */
void interrupt_drain(void);

#endif
