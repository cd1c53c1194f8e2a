/*
 * What the bindings of WASI preview 2 are made from: wasi-libc's own headers.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
