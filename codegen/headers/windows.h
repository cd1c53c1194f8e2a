/*
 * The headers of mingw-w64, in the header pack. The layouts and values of Windows' metadata are
 * checked against them.
 */
#define _WIN32_WINNT 0x0A00
/* Not needed: headers of vector instructions, which compile with one version of clang only. */
#define __IMMINTRIN_H
#define __X86INTRIN_H
#define WIN32_LEAN_AND_MEAN
#define WIN32_NO_STATUS
#include <winsock2.h>
#include <ws2tcpip.h>
#include <mswsock.h>
#include <windows.h>
#include <winternl.h>
#undef WIN32_NO_STATUS
#include <ntstatus.h>

/*
 * Declarations of ntifs.h and wdm.h. These headers are for drivers, and cannot be included together
 * with windows.h. Links: mingw-w64 14.0.0.
 * https://github.com/mingw-w64/mingw-w64/blob/9b3dd0125792fe94d16cacdc596dbd42fca1b369/mingw-w64-headers/ddk/include/ddk/ntifs.h#L2892-L2893
 * https://github.com/mingw-w64/mingw-w64/blob/9b3dd0125792fe94d16cacdc596dbd42fca1b369/mingw-w64-headers/ddk/include/ddk/wdm.h#L5070
 */
#define FILE_PIPE_DISCONNECTED_STATE 1
#define FILE_PIPE_LISTENING_STATE 2
#define FileReplaceCompletionInformation 61
/*
 * CTL_CODE(FILE_DEVICE_NAMED_PIPE, 2, METHOD_BUFFERED, FILE_ANY_ACCESS)
 * https://github.com/mingw-w64/mingw-w64/blob/9b3dd0125792fe94d16cacdc596dbd42fca1b369/mingw-w64-headers/ddk/include/ddk/ntifs.h#L4478
 */
#define FSCTL_PIPE_LISTEN 0x110008

/*
 * https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-ntreadfile
 * https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-ntwritefile
 * https://github.com/mingw-w64/mingw-w64/blob/9b3dd0125792fe94d16cacdc596dbd42fca1b369/mingw-w64-headers/ddk/include/ddk/ntifs.h#L2071
 * https://github.com/mingw-w64/mingw-w64/blob/9b3dd0125792fe94d16cacdc596dbd42fca1b369/mingw-w64-headers/ddk/include/ddk/ntifs.h#L2114
 */
NTSTATUS NTAPI NtReadFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, IO_STATUS_BLOCK *, PVOID, ULONG,
                          LARGE_INTEGER *, ULONG *);
NTSTATUS NTAPI NtWriteFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, IO_STATUS_BLOCK *, PVOID, ULONG,
                           LARGE_INTEGER *, ULONG *);

/*
 * https://github.com/mingw-w64/mingw-w64/blob/9b3dd0125792fe94d16cacdc596dbd42fca1b369/mingw-w64-headers/ddk/include/ddk/ntifs.h#L3146-L3149
 */
typedef struct {
    HANDLE Port;
    PVOID Key;
} FILE_COMPLETION_INFORMATION;

/*
 * AFD, the driver behind sockets: windows.rdl has the sources.
 * https://github.com/piscisaureus/wepoll/blob/0598a791bf9cbbf480793d778930fc635b044980/wepoll.c#L273-L293
 * https://github.com/piscisaureus/wepoll/blob/0598a791bf9cbbf480793d778930fc635b044980/wepoll.c#L320
 * https://github.com/libuv/libuv/blob/f94282c7abc613c388a4172d8b121a3ccc1adbf5/src/win/winsock.h
 */
#define AFD_POLL_RECEIVE 0x1
#define AFD_POLL_RECEIVE_EXPEDITED 0x2
#define AFD_POLL_SEND 0x4
#define AFD_POLL_DISCONNECT 0x8
#define AFD_POLL_ABORT 0x10
#define AFD_POLL_LOCAL_CLOSE 0x20
#define AFD_POLL_CONNECT 0x40
#define AFD_POLL_ACCEPT 0x80
#define AFD_POLL_CONNECT_FAIL 0x100
/* FSCTL_AFD_BASE, operation 9, METHOD_BUFFERED. */
#define IOCTL_AFD_POLL ((0x12 << 12) | (9 << 2))

typedef struct {
    HANDLE Handle;
    ULONG Events;
    NTSTATUS Status;
} AFD_POLL_HANDLE_INFO;

typedef struct {
    LARGE_INTEGER Timeout;
    ULONG NumberOfHandles;
    ULONG Exclusive;
    AFD_POLL_HANDLE_INFO Handles[1];
} AFD_POLL_INFO;

/*
 * https://github.com/piscisaureus/wepoll/blob/0598a791bf9cbbf480793d778930fc635b044980/wepoll.c#L206-L211
 */
NTSTATUS NTAPI NtCancelIoFileEx(HANDLE, IO_STATUS_BLOCK *, IO_STATUS_BLOCK *);
