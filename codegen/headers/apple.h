/* The bindings of Apple's systems come from their own headers, in the header pack. */
#include <sys/cdefs.h>

/*
 * Only macOS on Intel has symbol suffixes (`poll$UNIX2003`, `stat$INODE64`). The pack has the
 * header of the macOS SDK. In those of the simulators' SDKs the three suffixes are empty.
 * https://github.com/apple-oss-distributions/xnu/blob/e3723e1f17661b24996789d8afc084c0c3303b26/bsd/sys/cdefs.h#L665-L670
 */
#ifdef __APPLE_EMBEDDED_SIMULATOR__
#undef __DARWIN_SUF_UNIX03
#define __DARWIN_SUF_UNIX03
#undef __DARWIN_SUF_64_BIT_INO_T
#define __DARWIN_SUF_64_BIT_INO_T
#undef __DARWIN_SUF_1050
#define __DARWIN_SUF_1050
#endif
/* End of the prelude. */

#include <sys/types.h>
#include <sys/event.h>
#include <sys/time.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

/*
 * The types of the fields of `struct kevent`, for its constants. The assertions hold them to the
 * pack's header.
 * https://github.com/apple-oss-distributions/xnu/blob/e3723e1f17661b24996789d8afc084c0c3303b26/bsd/sys/event.h#L94-L101
 */
typedef short kevent_filter;
typedef unsigned short kevent_flags;
typedef unsigned int kevent_fflags;
#define SAME(type, field) \
	__builtin_types_compatible_p(type, __typeof__(((struct kevent *)0)->field))
_Static_assert(SAME(kevent_filter, filter), "kevent.filter");
_Static_assert(SAME(kevent_flags, flags), "kevent.flags");
_Static_assert(SAME(kevent_fflags, fflags), "kevent.fflags");
