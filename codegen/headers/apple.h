/*
 * What the Apple bindings are made from: the system's own headers.
 */
#include <sys/cdefs.h>

/*
 * Only macOS on Intel has suffixes of symbols (`poll$UNIX2003`, `stat$INODE64`). The pack's header
 * is the one of the macOS SDK; in those of simulators the three suffixes are empty:
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

/* The types of kevent's fields, which its constants are to have. */
typedef short kevent_filter;
typedef unsigned short kevent_flags;
typedef unsigned int kevent_fflags;
#define SAME(type, field) __builtin_types_compatible_p(type, __typeof__(((struct kevent *)0)->field))
_Static_assert(SAME(kevent_filter, filter), "kevent.filter");
_Static_assert(SAME(kevent_flags, flags), "kevent.flags");
_Static_assert(SAME(kevent_fflags, fflags), "kevent.fflags");
