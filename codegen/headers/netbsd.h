/*
 * What the NetBSD bindings are made from: the system's own headers.
 */
#include <sys/types.h>
#include <sys/event.h>
#include <sys/time.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

/* The types of kevent's fields, which its constants are to have. */
typedef unsigned int kevent_filter;
typedef unsigned int kevent_flags;
typedef unsigned int kevent_fflags;
#define SAME(type, field) __builtin_types_compatible_p(type, __typeof__(((struct kevent *)0)->field))
_Static_assert(SAME(kevent_filter, filter), "kevent.filter");
_Static_assert(SAME(kevent_flags, flags), "kevent.flags");
_Static_assert(SAME(kevent_fflags, fflags), "kevent.fflags");
