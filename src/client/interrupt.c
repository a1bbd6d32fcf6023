/* Counts the wishes to stop, and wakes up whoever polls. */
#include "client/interrupt.h"

#include "client/http.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Process-wide as signals are. Lock-free atomics are safe in handlers, and in threads besides. */
static atomic_int times;
static atomic_int wake_fd = -1;

static void make_descriptor(void)
{
    atomic_store(&wake_fd, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

void interrupt_prepare(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, make_descriptor);
}

int interrupt_fd(void)
{
    return atomic_load(&wake_fd);
}

void interrupt_drain(void)
{
    uint64_t count;
    int fd = atomic_load(&wake_fd);

    while (fd >= 0 && read(fd, &count, sizeof(count)) < 0 && errno == EINTR)
        continue;
}

bool interrupt_wait_input(int fd)
{
    interrupt_prepare();
    while (client_interrupted() == 0) {
        struct pollfd fds[] = {
            {.fd = fd, .events = POLLIN},
            {.fd = interrupt_fd(), .events = POLLIN},
        };
        int ready = poll(fds, 2, -1);
        if (ready < 0 && errno != EINTR)
            return true; /* the read will tell what is wrong */
        if (ready > 0 && fds[0].revents != 0 && fds[1].revents == 0)
            return true;
    }
    return false;
}

void client_interrupt(void)
{
    int kept = errno; /* a handler must leave errno as it was */
    uint64_t one = 1;
    int fd = atomic_load(&wake_fd);

    atomic_fetch_add(&times, 1);
    /* A full counter is as good as a written one: the descriptor is readable either way. */
    while (fd >= 0 && write(fd, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
    errno = kept;
}

int client_interrupted(void)
{
    return atomic_load(&times);
}
