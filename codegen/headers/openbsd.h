/* The OpenBSD bindings come from the system's own headers, in the header pack. */
#include <sys/types.h>
#include <sys/event.h>
#include <sys/time.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

/*
 * The types of the fields of `struct kevent`, for its constants. The assertions hold them to the
 * pack's header, revision 1.74. The link is revision 1.56, in a mirror.
 * https://github.com/semarie/openbsd-src/blob/72019f22a6bf3cc393ce557f2b220a6405a7efe9/sys/sys/event.h
 */
typedef short kevent_filter;
typedef unsigned short kevent_flags;
typedef unsigned int kevent_fflags;
#define SAME(type, field) \
	__builtin_types_compatible_p(type, __typeof__(((struct kevent *)0)->field))
_Static_assert(SAME(kevent_filter, filter), "kevent.filter");
_Static_assert(SAME(kevent_flags, flags), "kevent.flags");
_Static_assert(SAME(kevent_fflags, fflags), "kevent.fflags");
