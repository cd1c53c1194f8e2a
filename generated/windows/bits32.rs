//! The ABI of windows, group bits32.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Headers: ziglang 0.17.1 (mingw-w64 as a check of Windows' own metadata).
//! Inputs: sha256 a41176aa27fb11d24b5ad01ebe21ecb932338a0897c95273bdd9a04ffc86bbfb.
//!
//! Serves:
//! - i686-pc-windows-gnu
//! - i686-pc-windows-gnullvm
//! - i686-pc-windows-msvc
//! - i686-uwp-windows-gnu
//! - i686-uwp-windows-msvc
//! - i686-win7-windows-gnu
//! - i686-win7-windows-msvc

windows_link::link!("kernel32.dll" "system" fn CancelIoEx(hfile : HANDLE, lpoverlapped : *const OVERLAPPED) -> BOOL);
windows_link::link!("kernel32.dll" "system" fn CreateIoCompletionPort(filehandle : HANDLE, existingcompletionport : HANDLE, completionkey : usize, numberofconcurrentthreads : u32) -> HANDLE);
windows_link::link!("kernel32.dll" "system" fn CreateNamedPipeW(lpname : PCWSTR, dwopenmode : u32, dwpipemode : u32, nmaxinstances : u32, noutbuffersize : u32, ninbuffersize : u32, ndefaulttimeout : u32, lpsecurityattributes : *const SECURITY_ATTRIBUTES) -> HANDLE);
windows_link::link!("kernel32.dll" "system" fn CreateWaitableTimerExW(lptimerattributes : *const SECURITY_ATTRIBUTES, lptimername : PCWSTR, dwflags : u32, dwdesiredaccess : u32) -> HANDLE);
windows_link::link!("kernel32.dll" "system" fn DisconnectNamedPipe(hnamedpipe : HANDLE) -> BOOL);
windows_link::link!("kernel32.dll" "system" fn DuplicateHandle(hsourceprocesshandle : HANDLE, hsourcehandle : HANDLE, htargetprocesshandle : HANDLE, lptargethandle : *mut HANDLE, dwdesiredaccess : u32, binherithandle : BOOL, dwoptions : u32) -> BOOL);
windows_link::link!("kernel32.dll" "system" fn GetCurrentProcess() -> HANDLE);
windows_link::link!("kernel32.dll" "system" fn GetFileType(hfile : HANDLE) -> u32);
windows_link::link!("kernel32.dll" "system" fn GetModuleHandleW(lpmodulename : PCWSTR) -> HMODULE);
windows_link::link!("kernel32.dll" "system" fn GetProcAddress(hmodule : HMODULE, lpprocname : PCSTR) -> FARPROC);
windows_link::link!("kernel32.dll" "system" fn GetQueuedCompletionStatusEx(completionport : HANDLE, lpcompletionportentries : *mut OVERLAPPED_ENTRY, ulcount : u32, ulnumentriesremoved : *mut u32, dwmilliseconds : u32, falertable : BOOL) -> BOOL);
windows_link::link!("ntdll.dll" "system" fn NtCancelIoFileEx(filehandle : HANDLE, iorequesttocancel : *const IO_STATUS_BLOCK, iostatusblock : *mut IO_STATUS_BLOCK) -> NTSTATUS);
windows_link::link!("ntdll.dll" "system" fn NtCreateFile(filehandle : *mut HANDLE, desiredaccess : ACCESS_MASK, objectattributes : *const OBJECT_ATTRIBUTES, iostatusblock : *mut IO_STATUS_BLOCK, allocationsize : *const i64, fileattributes : u32, shareaccess : u32, createdisposition : u32, createoptions : u32, eabuffer : *const core::ffi::c_void, ealength : u32) -> NTSTATUS);
windows_link::link!("ntdll.dll" "system" fn NtDeviceIoControlFile(filehandle : HANDLE, event : HANDLE, apcroutine : PIO_APC_ROUTINE, apccontext : *const core::ffi::c_void, iostatusblock : *mut IO_STATUS_BLOCK, iocontrolcode : u32, inputbuffer : *const core::ffi::c_void, inputbufferlength : u32, outputbuffer : *mut core::ffi::c_void, outputbufferlength : u32) -> NTSTATUS);
windows_link::link!("ntdll.dll" "system" fn NtFsControlFile(filehandle : HANDLE, event : HANDLE, apcroutine : PIO_APC_ROUTINE, apccontext : *const core::ffi::c_void, iostatusblock : *mut IO_STATUS_BLOCK, fscontrolcode : u32, inputbuffer : *const core::ffi::c_void, inputbufferlength : u32, outputbuffer : *mut core::ffi::c_void, outputbufferlength : u32) -> NTSTATUS);
windows_link::link!("ntdll.dll" "system" fn NtQueryInformationFile(filehandle : HANDLE, iostatusblock : *mut IO_STATUS_BLOCK, fileinformation : *mut core::ffi::c_void, length : u32, fileinformationclass : FILE_INFORMATION_CLASS) -> NTSTATUS);
windows_link::link!("ntdll.dll" "system" fn NtReadFile(filehandle : HANDLE, event : HANDLE, apcroutine : PIO_APC_ROUTINE, apccontext : *const core::ffi::c_void, iostatusblock : *mut IO_STATUS_BLOCK, buffer : *mut core::ffi::c_void, length : u32, byteoffset : *const i64, key : *const u32) -> NTSTATUS);
windows_link::link!("ntdll.dll" "system" fn NtSetInformationFile(filehandle : HANDLE, iostatusblock : *mut IO_STATUS_BLOCK, fileinformation : *const core::ffi::c_void, length : u32, fileinformationclass : FILE_INFORMATION_CLASS) -> NTSTATUS);
windows_link::link!("ntdll.dll" "system" fn NtWriteFile(filehandle : HANDLE, event : HANDLE, apcroutine : PIO_APC_ROUTINE, apccontext : *const core::ffi::c_void, iostatusblock : *mut IO_STATUS_BLOCK, buffer : *const core::ffi::c_void, length : u32, byteoffset : *const i64, key : *const u32) -> NTSTATUS);
windows_link::link!("kernel32.dll" "system" fn PostQueuedCompletionStatus(completionport : HANDLE, dwnumberofbytestransferred : u32, dwcompletionkey : usize, lpoverlapped : *const OVERLAPPED) -> BOOL);
windows_link::link!("kernel32.dll" "system" fn RegisterWaitForSingleObject(phnewwaitobject : *mut HANDLE, hobject : HANDLE, callback : WAITORTIMERCALLBACK, context : *const core::ffi::c_void, dwmilliseconds : u32, dwflags : u32) -> BOOL);
windows_link::link!("ntdll.dll" "system" fn RtlNtStatusToDosError(status : NTSTATUS) -> u32);
windows_link::link!("kernel32.dll" "system" fn SetFileCompletionNotificationModes(filehandle : HANDLE, flags : u8) -> BOOL);
windows_link::link!("kernel32.dll" "system" fn SetHandleInformation(hobject : HANDLE, dwmask : u32, dwflags : u32) -> BOOL);
windows_link::link!("kernel32.dll" "system" fn SetWaitableTimer(htimer : HANDLE, lpduetime : *const i64, lperiod : i32, pfncompletionroutine : PTIMERAPCROUTINE, lpargtocompletionroutine : *const core::ffi::c_void, fresume : BOOL) -> BOOL);
windows_link::link!("kernel32.dll" "system" fn UnregisterWaitEx(waithandle : HANDLE, completionevent : HANDLE) -> BOOL);
windows_link::link!("ws2_32.dll" "system" fn WSAGetLastError() -> i32);
windows_link::link!("ws2_32.dll" "system" fn WSAIoctl(s : SOCKET, dwiocontrolcode : u32, lpvinbuffer : *const core::ffi::c_void, cbinbuffer : u32, lpvoutbuffer : *mut core::ffi::c_void, cboutbuffer : u32, lpcbbytesreturned : *mut u32, lpoverlapped : *mut OVERLAPPED, lpcompletionroutine : LPWSAOVERLAPPED_COMPLETION_ROUTINE) -> i32);
windows_link::link!("ws2_32.dll" "system" fn WSAPoll(fdarray : *mut WSAPOLLFD, fds : u32, timeout : i32) -> i32);
windows_link::link!("ws2_32.dll" "system" fn WSASocketW(af : i32, r#type : i32, protocol : i32, lpprotocolinfo : *const WSAPROTOCOL_INFOW, g : GROUP, dwflags : u32) -> SOCKET);
windows_link::link!("ws2_32.dll" "system" fn WSAStartup(wversionrequested : u16, lpwsadata : *mut WSADATA) -> i32);
windows_link::link!("ws2_32.dll" "system" fn bind(s : SOCKET, name : *const SOCKADDR, namelen : i32) -> i32);
windows_link::link!("ws2_32.dll" "system" fn connect(s : SOCKET, name : *const SOCKADDR, namelen : i32) -> i32);
windows_link::link!("ws2_32.dll" "system" fn getsockopt(s : SOCKET, level : i32, optname : i32, optval : *mut i8, optlen : *mut i32) -> i32);
windows_link::link!("ws2_32.dll" "system" fn listen(s : SOCKET, backlog : i32) -> i32);
pub type ACCESS_MASK = u32;
pub type ADDRESS_FAMILY = u16;
pub const AFD_POLL_ABORT: u32 = 16;
pub const AFD_POLL_ACCEPT: u32 = 128;
pub const AFD_POLL_CONNECT: u32 = 64;
pub const AFD_POLL_CONNECT_FAIL: u32 = 256;
pub const AFD_POLL_DISCONNECT: u32 = 8;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AFD_POLL_HANDLE_INFO {
    pub Handle: HANDLE,
    pub Events: u32,
    pub Status: NTSTATUS,
}
impl Default for AFD_POLL_HANDLE_INFO {
    fn default() -> Self {
        unsafe { core::mem::zeroed() }
    }
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AFD_POLL_INFO {
    pub Timeout: i64,
    pub NumberOfHandles: u32,
    pub Exclusive: u32,
    pub Handles: [AFD_POLL_HANDLE_INFO; 1],
}
impl Default for AFD_POLL_INFO {
    fn default() -> Self {
        unsafe { core::mem::zeroed() }
    }
}
pub const AFD_POLL_LOCAL_CLOSE: u32 = 32;
pub const AFD_POLL_RECEIVE: u32 = 1;
pub const AFD_POLL_RECEIVE_EXPEDITED: u32 = 2;
pub const AFD_POLL_SEND: u32 = 4;
pub const AF_INET: i32 = 2;
pub const AF_INET6: i32 = 23;
pub type BOOL = i32;
pub const CREATE_WAITABLE_TIMER_HIGH_RESOLUTION: i32 = 2;
pub const DUPLICATE_SAME_ACCESS: i32 = 2;
pub const ERROR_BROKEN_PIPE: i32 = 109;
pub const ERROR_HANDLE_EOF: i32 = 38;
pub const ERROR_INVALID_HANDLE: i32 = 6;
pub const ERROR_INVALID_PARAMETER: i32 = 87;
pub const ERROR_MORE_DATA: i32 = 234;
pub const ERROR_NO_DATA: i32 = 232;
pub const ERROR_OPERATION_ABORTED: i32 = 995;
pub const ERROR_PIPE_CONNECTED: i32 = 535;
pub const ERROR_PIPE_LISTENING: i32 = 536;
pub const ERROR_PIPE_NOT_CONNECTED: i32 = 233;
pub type FARPROC = Option<unsafe extern "system" fn() -> isize>;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct FILE_COMPLETION_INFORMATION {
    pub Port: HANDLE,
    pub Key: *mut core::ffi::c_void,
}
impl Default for FILE_COMPLETION_INFORMATION {
    fn default() -> Self {
        unsafe { core::mem::zeroed() }
    }
}
pub const FILE_FLAG_FIRST_PIPE_INSTANCE: i32 = 524288;
pub const FILE_FLAG_OVERLAPPED: i32 = 1073741824;
pub type FILE_INFORMATION_CLASS = i32;
pub const FILE_OPEN: i32 = 1;
pub const FILE_PIPE_DISCONNECTED_STATE: i32 = 1;
pub const FILE_PIPE_LISTENING_STATE: i32 = 2;
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct FILE_PIPE_LOCAL_INFORMATION {
    pub NamedPipeType: u32,
    pub NamedPipeConfiguration: u32,
    pub MaximumInstances: u32,
    pub CurrentInstances: u32,
    pub InboundQuota: u32,
    pub ReadDataAvailable: u32,
    pub OutboundQuota: u32,
    pub WriteQuotaAvailable: u32,
    pub NamedPipeState: u32,
    pub NamedPipeEnd: u32,
}
pub const FILE_SHARE_READ: i32 = 1;
pub const FILE_SHARE_WRITE: i32 = 2;
pub const FILE_SKIP_SET_EVENT_ON_HANDLE: i32 = 2;
pub const FILE_TYPE_PIPE: i32 = 3;
pub const FSCTL_PIPE_LISTEN: i32 = 1114120;
pub const FilePipeLocalInformation: FILE_INFORMATION_CLASS = 24;
pub const FileReplaceCompletionInformation: FILE_INFORMATION_CLASS = 61;
pub const GENERIC_ALL: i32 = 268435456;
pub type GROUP = u32;
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct GUID {
    pub data1: u32,
    pub data2: u16,
    pub data3: u16,
    pub data4: [u8; 8],
}
pub type HANDLE = *mut core::ffi::c_void;
pub const HANDLE_FLAG_INHERIT: i32 = 1;
pub type HINSTANCE = *mut core::ffi::c_void;
pub type HMODULE = HINSTANCE;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IN6_ADDR {
    pub u: IN6_ADDR_0,
}
impl Default for IN6_ADDR {
    fn default() -> Self {
        unsafe { core::mem::zeroed() }
    }
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union IN6_ADDR_0 {
    pub Byte: [u8; 16],
    pub Word: [u16; 8],
}
impl Default for IN6_ADDR_0 {
    fn default() -> Self {
        unsafe { core::mem::zeroed() }
    }
}
pub const INFINITE: u32 = 4294967295;
pub const INVALID_HANDLE_VALUE: HANDLE = -1 as _;
pub const INVALID_SOCKET: SOCKET = 18446744073709551615u64 as usize;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IN_ADDR {
    pub S_un: IN_ADDR_0,
}
impl Default for IN_ADDR {
    fn default() -> Self {
        unsafe { core::mem::zeroed() }
    }
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union IN_ADDR_0 {
    pub S_un_b: IN_ADDR_0_0,
    pub S_un_w: IN_ADDR_0_1,
    pub S_addr: u32,
}
impl Default for IN_ADDR_0 {
    fn default() -> Self {
        unsafe { core::mem::zeroed() }
    }
}
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct IN_ADDR_0_0 {
    pub s_b1: u8,
    pub s_b2: u8,
    pub s_b3: u8,
    pub s_b4: u8,
}
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct IN_ADDR_0_1 {
    pub s_w1: u16,
    pub s_w2: u16,
}
pub const IOCTL_AFD_POLL: u32 = 73764;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STATUS_BLOCK {
    pub Anonymous: IO_STATUS_BLOCK_0,
    pub Information: usize,
}
impl Default for IO_STATUS_BLOCK {
    fn default() -> Self {
        unsafe { core::mem::zeroed() }
    }
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union IO_STATUS_BLOCK_0 {
    pub Status: NTSTATUS,
    pub Pointer: *mut core::ffi::c_void,
}
impl Default for IO_STATUS_BLOCK_0 {
    fn default() -> Self {
        unsafe { core::mem::zeroed() }
    }
}
pub type IPPROTO = i32;
pub const IPPROTO_IPV6: IPPROTO = 41;
pub const IPV6_V6ONLY: i32 = 27;
pub type LPOVERLAPPED = *mut OVERLAPPED;
pub type LPWSAOVERLAPPED_COMPLETION_ROUTINE = Option<
    unsafe extern "system" fn(
        dwerror: u32,
        cbtransferred: u32,
        lpoverlapped: *mut OVERLAPPED,
        dwflags: u32,
    ),
>;
pub type NTSTATUS = i32;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct OBJECT_ATTRIBUTES {
    pub Length: u32,
    pub RootDirectory: HANDLE,
    pub ObjectName: PUNICODE_STRING,
    pub Attributes: u32,
    pub SecurityDescriptor: *mut core::ffi::c_void,
    pub SecurityQualityOfService: *mut core::ffi::c_void,
}
impl Default for OBJECT_ATTRIBUTES {
    fn default() -> Self {
        unsafe { core::mem::zeroed() }
    }
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct OVERLAPPED {
    pub Internal: usize,
    pub InternalHigh: usize,
    pub Anonymous: OVERLAPPED_0,
    pub hEvent: HANDLE,
}
impl Default for OVERLAPPED {
    fn default() -> Self {
        unsafe { core::mem::zeroed() }
    }
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union OVERLAPPED_0 {
    pub Anonymous: OVERLAPPED_0_0,
    pub Pointer: *mut core::ffi::c_void,
}
impl Default for OVERLAPPED_0 {
    fn default() -> Self {
        unsafe { core::mem::zeroed() }
    }
}
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct OVERLAPPED_0_0 {
    pub Offset: u32,
    pub OffsetHigh: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct OVERLAPPED_ENTRY {
    pub lpCompletionKey: usize,
    pub lpOverlapped: LPOVERLAPPED,
    pub Internal: usize,
    pub dwNumberOfBytesTransferred: u32,
}
impl Default for OVERLAPPED_ENTRY {
    fn default() -> Self {
        unsafe { core::mem::zeroed() }
    }
}
pub type PCSTR = *const u8;
pub type PCWSTR = *const u16;
pub type PIO_APC_ROUTINE = Option<
    unsafe extern "system" fn(
        apccontext: *mut core::ffi::c_void,
        iostatusblock: *mut IO_STATUS_BLOCK,
        reserved: u32,
    ),
>;
pub const PIPE_ACCESS_DUPLEX: i32 = 3;
pub const PIPE_TYPE_BYTE: i32 = 0;
pub const PIPE_UNLIMITED_INSTANCES: i32 = 255;
pub const POLLHUP: i32 = 2;
pub const POLLNVAL: i32 = 4;
pub const POLLRDBAND: i32 = 512;
pub const POLLRDNORM: i32 = 256;
pub const POLLWRNORM: i32 = 16;
pub type PTIMERAPCROUTINE = Option<
    unsafe extern "system" fn(
        lpargtocompletionroutine: *const core::ffi::c_void,
        dwtimerlowvalue: u32,
        dwtimerhighvalue: u32,
    ),
>;
pub type PUNICODE_STRING = *mut UNICODE_STRING;
pub type PWSTR = *mut u16;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SCOPE_ID {
    pub Anonymous: SCOPE_ID_0,
}
impl Default for SCOPE_ID {
    fn default() -> Self {
        unsafe { core::mem::zeroed() }
    }
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union SCOPE_ID_0 {
    pub Anonymous: SCOPE_ID_0_0,
    pub Value: u32,
}
impl Default for SCOPE_ID_0 {
    fn default() -> Self {
        unsafe { core::mem::zeroed() }
    }
}
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct SCOPE_ID_0_0 {
    pub _bitfield: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SECURITY_ATTRIBUTES {
    pub nLength: u32,
    pub lpSecurityDescriptor: *mut core::ffi::c_void,
    pub bInheritHandle: BOOL,
}
impl Default for SECURITY_ATTRIBUTES {
    fn default() -> Self {
        unsafe { core::mem::zeroed() }
    }
}
pub const SIO_BASE_HANDLE: i32 = 1207959586;
pub const SIO_BSP_HANDLE: i32 = 1207959579;
pub const SIO_BSP_HANDLE_POLL: i32 = 1207959581;
pub const SIO_BSP_HANDLE_SELECT: i32 = 1207959580;
pub const SIO_UDP_CONNRESET: u32 = 2550136844;
pub const SIO_UDP_NETRESET: u32 = 2550136847;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SOCKADDR {
    pub sa_family: ADDRESS_FAMILY,
    pub sa_data: [i8; 14],
}
impl Default for SOCKADDR {
    fn default() -> Self {
        unsafe { core::mem::zeroed() }
    }
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SOCKADDR_IN {
    pub sin_family: ADDRESS_FAMILY,
    pub sin_port: u16,
    pub sin_addr: IN_ADDR,
    pub sin_zero: [i8; 8],
}
impl Default for SOCKADDR_IN {
    fn default() -> Self {
        unsafe { core::mem::zeroed() }
    }
}
pub type SOCKADDR_IN6 = SOCKADDR_IN6_LH;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SOCKADDR_IN6_LH {
    pub sin6_family: ADDRESS_FAMILY,
    pub sin6_port: u16,
    pub sin6_flowinfo: u32,
    pub sin6_addr: IN6_ADDR,
    pub Anonymous: SOCKADDR_IN6_LH_0,
}
impl Default for SOCKADDR_IN6_LH {
    fn default() -> Self {
        unsafe { core::mem::zeroed() }
    }
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union SOCKADDR_IN6_LH_0 {
    pub sin6_scope_id: u32,
    pub sin6_scope_struct: SCOPE_ID,
}
impl Default for SOCKADDR_IN6_LH_0 {
    fn default() -> Self {
        unsafe { core::mem::zeroed() }
    }
}
pub type SOCKET = usize;
pub const SOCKET_ERROR: i32 = -1;
pub const SOCK_DGRAM: i32 = 2;
pub const SOCK_STREAM: i32 = 1;
pub const SOL_SOCKET: i32 = 65535;
pub const SOMAXCONN: i32 = 2147483647;
pub const SO_TYPE: i32 = 4104;
pub const STATUS_CANCELLED: NTSTATUS = 0xC0000120_u32 as _;
pub const STATUS_INVALID_HANDLE: NTSTATUS = 0xC0000008_u32 as _;
pub const STATUS_NOT_FOUND: NTSTATUS = 0xC0000225_u32 as _;
pub const STATUS_OBJECT_TYPE_MISMATCH: NTSTATUS = 0xC0000024_u32 as _;
pub const STATUS_PENDING: NTSTATUS = 0x103_u32 as _;
pub const SYNCHRONIZE: i32 = 1048576;
pub const TIMER_MODIFY_STATE: i32 = 2;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct UNICODE_STRING {
    pub Length: u16,
    pub MaximumLength: u16,
    pub Buffer: PWSTR,
}
impl Default for UNICODE_STRING {
    fn default() -> Self {
        unsafe { core::mem::zeroed() }
    }
}
pub type WAITORTIMERCALLBACK = WAITORTIMERCALLBACKFUNC;
pub type WAITORTIMERCALLBACKFUNC =
    Option<unsafe extern "system" fn(param0: *mut core::ffi::c_void, param1: u8)>;
pub const WAIT_TIMEOUT: i32 = 258;
#[repr(C)]
#[cfg(target_arch = "x86")]
#[derive(Clone, Copy)]
pub struct WSADATA {
    pub wVersion: u16,
    pub wHighVersion: u16,
    pub szDescription: [i8; 257],
    pub szSystemStatus: [i8; 129],
    pub iMaxSockets: u16,
    pub iMaxUdpDg: u16,
    pub lpVendorInfo: *mut i8,
}
#[cfg(target_arch = "x86")]
impl Default for WSADATA {
    fn default() -> Self {
        unsafe { core::mem::zeroed() }
    }
}
#[repr(C)]
#[cfg(any(
    target_arch = "aarch64",
    target_arch = "arm64ec",
    target_arch = "x86_64"
))]
#[derive(Clone, Copy)]
pub struct WSADATA {
    pub wVersion: u16,
    pub wHighVersion: u16,
    pub iMaxSockets: u16,
    pub iMaxUdpDg: u16,
    pub lpVendorInfo: *mut i8,
    pub szDescription: [i8; 257],
    pub szSystemStatus: [i8; 129],
}
#[cfg(any(
    target_arch = "aarch64",
    target_arch = "arm64ec",
    target_arch = "x86_64"
))]
impl Default for WSADATA {
    fn default() -> Self {
        unsafe { core::mem::zeroed() }
    }
}
pub const WSAEMFILE: i32 = 10024;
pub const WSAENOTSOCK: i32 = 10038;
pub const WSAEWOULDBLOCK: i32 = 10035;
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct WSAPOLLFD {
    pub fd: SOCKET,
    pub events: i16,
    pub revents: i16,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct WSAPROTOCOLCHAIN {
    pub ChainLen: i32,
    pub ChainEntries: [u32; 7],
}
impl Default for WSAPROTOCOLCHAIN {
    fn default() -> Self {
        unsafe { core::mem::zeroed() }
    }
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct WSAPROTOCOL_INFOW {
    pub dwServiceFlags1: u32,
    pub dwServiceFlags2: u32,
    pub dwServiceFlags3: u32,
    pub dwServiceFlags4: u32,
    pub dwProviderFlags: u32,
    pub ProviderId: GUID,
    pub dwCatalogEntryId: u32,
    pub ProtocolChain: WSAPROTOCOLCHAIN,
    pub iVersion: i32,
    pub iAddressFamily: i32,
    pub iMaxSockAddr: i32,
    pub iMinSockAddr: i32,
    pub iSocketType: i32,
    pub iProtocol: i32,
    pub iProtocolMaxOffset: i32,
    pub iNetworkByteOrder: i32,
    pub iSecurityScheme: i32,
    pub dwMessageSize: u32,
    pub dwProviderReserved: u32,
    pub szProtocol: [u16; 256],
}
impl Default for WSAPROTOCOL_INFOW {
    fn default() -> Self {
        unsafe { core::mem::zeroed() }
    }
}
pub const WSA_FLAG_NO_HANDLE_INHERIT: i32 = 128;
pub const WSA_FLAG_OVERLAPPED: i32 = 1;
pub const WT_EXECUTEONLYONCE: i32 = 8;

const _: () = {
    use core::mem::{align_of, offset_of, size_of};

    assert!(size_of::<AFD_POLL_HANDLE_INFO>() == 12);
    assert!(align_of::<AFD_POLL_HANDLE_INFO>() == 4);
    assert!(offset_of!(AFD_POLL_HANDLE_INFO, Handle) == 0);
    assert!(offset_of!(AFD_POLL_HANDLE_INFO, Events) == 4);
    assert!(offset_of!(AFD_POLL_HANDLE_INFO, Status) == 8);

    assert!(size_of::<AFD_POLL_INFO>() == 32);
    assert!(align_of::<AFD_POLL_INFO>() == 8);
    assert!(offset_of!(AFD_POLL_INFO, Timeout) == 0);
    assert!(offset_of!(AFD_POLL_INFO, NumberOfHandles) == 8);
    assert!(offset_of!(AFD_POLL_INFO, Exclusive) == 12);
    assert!(offset_of!(AFD_POLL_INFO, Handles) == 16);

    assert!(size_of::<FILE_COMPLETION_INFORMATION>() == 8);
    assert!(align_of::<FILE_COMPLETION_INFORMATION>() == 4);
    assert!(offset_of!(FILE_COMPLETION_INFORMATION, Port) == 0);
    assert!(offset_of!(FILE_COMPLETION_INFORMATION, Key) == 4);

    assert!(size_of::<FILE_PIPE_LOCAL_INFORMATION>() == 40);
    assert!(align_of::<FILE_PIPE_LOCAL_INFORMATION>() == 4);
    assert!(offset_of!(FILE_PIPE_LOCAL_INFORMATION, NamedPipeType) == 0);
    assert!(offset_of!(FILE_PIPE_LOCAL_INFORMATION, NamedPipeConfiguration) == 4);
    assert!(offset_of!(FILE_PIPE_LOCAL_INFORMATION, MaximumInstances) == 8);
    assert!(offset_of!(FILE_PIPE_LOCAL_INFORMATION, CurrentInstances) == 12);
    assert!(offset_of!(FILE_PIPE_LOCAL_INFORMATION, InboundQuota) == 16);
    assert!(offset_of!(FILE_PIPE_LOCAL_INFORMATION, ReadDataAvailable) == 20);
    assert!(offset_of!(FILE_PIPE_LOCAL_INFORMATION, OutboundQuota) == 24);
    assert!(offset_of!(FILE_PIPE_LOCAL_INFORMATION, WriteQuotaAvailable) == 28);
    assert!(offset_of!(FILE_PIPE_LOCAL_INFORMATION, NamedPipeState) == 32);
    assert!(offset_of!(FILE_PIPE_LOCAL_INFORMATION, NamedPipeEnd) == 36);

    assert!(size_of::<GUID>() == 16);
    assert!(align_of::<GUID>() == 4);
    assert!(offset_of!(GUID, data1) == 0);
    assert!(offset_of!(GUID, data2) == 4);
    assert!(offset_of!(GUID, data3) == 6);
    assert!(offset_of!(GUID, data4) == 8);

    assert!(size_of::<IN6_ADDR>() == 16);
    assert!(align_of::<IN6_ADDR>() == 2);
    assert!(offset_of!(IN6_ADDR, u) == 0);

    assert!(size_of::<IN6_ADDR_0>() == 16);
    assert!(align_of::<IN6_ADDR_0>() == 2);
    assert!(offset_of!(IN6_ADDR_0, Byte) == 0);
    assert!(offset_of!(IN6_ADDR_0, Word) == 0);

    assert!(size_of::<IN_ADDR>() == 4);
    assert!(align_of::<IN_ADDR>() == 4);
    assert!(offset_of!(IN_ADDR, S_un) == 0);

    assert!(size_of::<IN_ADDR_0>() == 4);
    assert!(align_of::<IN_ADDR_0>() == 4);
    assert!(offset_of!(IN_ADDR_0, S_un_b) == 0);
    assert!(offset_of!(IN_ADDR_0, S_un_w) == 0);
    assert!(offset_of!(IN_ADDR_0, S_addr) == 0);

    assert!(size_of::<IN_ADDR_0_0>() == 4);
    assert!(align_of::<IN_ADDR_0_0>() == 1);
    assert!(offset_of!(IN_ADDR_0_0, s_b1) == 0);
    assert!(offset_of!(IN_ADDR_0_0, s_b2) == 1);
    assert!(offset_of!(IN_ADDR_0_0, s_b3) == 2);
    assert!(offset_of!(IN_ADDR_0_0, s_b4) == 3);

    assert!(size_of::<IN_ADDR_0_1>() == 4);
    assert!(align_of::<IN_ADDR_0_1>() == 2);
    assert!(offset_of!(IN_ADDR_0_1, s_w1) == 0);
    assert!(offset_of!(IN_ADDR_0_1, s_w2) == 2);

    assert!(size_of::<IO_STATUS_BLOCK>() == 8);
    assert!(align_of::<IO_STATUS_BLOCK>() == 4);
    assert!(offset_of!(IO_STATUS_BLOCK, Anonymous) == 0);
    assert!(offset_of!(IO_STATUS_BLOCK, Information) == 4);

    assert!(size_of::<IO_STATUS_BLOCK_0>() == 4);
    assert!(align_of::<IO_STATUS_BLOCK_0>() == 4);
    assert!(offset_of!(IO_STATUS_BLOCK_0, Status) == 0);
    assert!(offset_of!(IO_STATUS_BLOCK_0, Pointer) == 0);

    assert!(size_of::<OBJECT_ATTRIBUTES>() == 24);
    assert!(align_of::<OBJECT_ATTRIBUTES>() == 4);
    assert!(offset_of!(OBJECT_ATTRIBUTES, Length) == 0);
    assert!(offset_of!(OBJECT_ATTRIBUTES, RootDirectory) == 4);
    assert!(offset_of!(OBJECT_ATTRIBUTES, ObjectName) == 8);
    assert!(offset_of!(OBJECT_ATTRIBUTES, Attributes) == 12);
    assert!(offset_of!(OBJECT_ATTRIBUTES, SecurityDescriptor) == 16);
    assert!(offset_of!(OBJECT_ATTRIBUTES, SecurityQualityOfService) == 20);

    assert!(size_of::<OVERLAPPED>() == 20);
    assert!(align_of::<OVERLAPPED>() == 4);
    assert!(offset_of!(OVERLAPPED, Internal) == 0);
    assert!(offset_of!(OVERLAPPED, InternalHigh) == 4);
    assert!(offset_of!(OVERLAPPED, Anonymous) == 8);
    assert!(offset_of!(OVERLAPPED, hEvent) == 16);

    assert!(size_of::<OVERLAPPED_0>() == 8);
    assert!(align_of::<OVERLAPPED_0>() == 4);
    assert!(offset_of!(OVERLAPPED_0, Anonymous) == 0);
    assert!(offset_of!(OVERLAPPED_0, Pointer) == 0);

    assert!(size_of::<OVERLAPPED_0_0>() == 8);
    assert!(align_of::<OVERLAPPED_0_0>() == 4);
    assert!(offset_of!(OVERLAPPED_0_0, Offset) == 0);
    assert!(offset_of!(OVERLAPPED_0_0, OffsetHigh) == 4);

    assert!(size_of::<OVERLAPPED_ENTRY>() == 16);
    assert!(align_of::<OVERLAPPED_ENTRY>() == 4);
    assert!(offset_of!(OVERLAPPED_ENTRY, lpCompletionKey) == 0);
    assert!(offset_of!(OVERLAPPED_ENTRY, lpOverlapped) == 4);
    assert!(offset_of!(OVERLAPPED_ENTRY, Internal) == 8);
    assert!(offset_of!(OVERLAPPED_ENTRY, dwNumberOfBytesTransferred) == 12);

    assert!(size_of::<SCOPE_ID>() == 4);
    assert!(align_of::<SCOPE_ID>() == 4);
    assert!(offset_of!(SCOPE_ID, Anonymous) == 0);

    assert!(size_of::<SCOPE_ID_0>() == 4);
    assert!(align_of::<SCOPE_ID_0>() == 4);
    assert!(offset_of!(SCOPE_ID_0, Anonymous) == 0);
    assert!(offset_of!(SCOPE_ID_0, Value) == 0);

    assert!(size_of::<SCOPE_ID_0_0>() == 4);
    assert!(align_of::<SCOPE_ID_0_0>() == 4);
    assert!(offset_of!(SCOPE_ID_0_0, _bitfield) == 0);

    assert!(size_of::<SECURITY_ATTRIBUTES>() == 12);
    assert!(align_of::<SECURITY_ATTRIBUTES>() == 4);
    assert!(offset_of!(SECURITY_ATTRIBUTES, nLength) == 0);
    assert!(offset_of!(SECURITY_ATTRIBUTES, lpSecurityDescriptor) == 4);
    assert!(offset_of!(SECURITY_ATTRIBUTES, bInheritHandle) == 8);

    assert!(size_of::<SOCKADDR>() == 16);
    assert!(align_of::<SOCKADDR>() == 2);
    assert!(offset_of!(SOCKADDR, sa_family) == 0);
    assert!(offset_of!(SOCKADDR, sa_data) == 2);

    assert!(size_of::<SOCKADDR_IN>() == 16);
    assert!(align_of::<SOCKADDR_IN>() == 4);
    assert!(offset_of!(SOCKADDR_IN, sin_family) == 0);
    assert!(offset_of!(SOCKADDR_IN, sin_port) == 2);
    assert!(offset_of!(SOCKADDR_IN, sin_addr) == 4);
    assert!(offset_of!(SOCKADDR_IN, sin_zero) == 8);

    assert!(size_of::<SOCKADDR_IN6>() == 28);
    assert!(align_of::<SOCKADDR_IN6>() == 4);
    assert!(offset_of!(SOCKADDR_IN6, sin6_family) == 0);
    assert!(offset_of!(SOCKADDR_IN6, sin6_port) == 2);
    assert!(offset_of!(SOCKADDR_IN6, sin6_flowinfo) == 4);
    assert!(offset_of!(SOCKADDR_IN6, sin6_addr) == 8);
    assert!(offset_of!(SOCKADDR_IN6, Anonymous) == 24);

    assert!(size_of::<SOCKADDR_IN6_LH>() == 28);
    assert!(align_of::<SOCKADDR_IN6_LH>() == 4);
    assert!(offset_of!(SOCKADDR_IN6_LH, sin6_family) == 0);
    assert!(offset_of!(SOCKADDR_IN6_LH, sin6_port) == 2);
    assert!(offset_of!(SOCKADDR_IN6_LH, sin6_flowinfo) == 4);
    assert!(offset_of!(SOCKADDR_IN6_LH, sin6_addr) == 8);
    assert!(offset_of!(SOCKADDR_IN6_LH, Anonymous) == 24);

    assert!(size_of::<SOCKADDR_IN6_LH_0>() == 4);
    assert!(align_of::<SOCKADDR_IN6_LH_0>() == 4);
    assert!(offset_of!(SOCKADDR_IN6_LH_0, sin6_scope_id) == 0);
    assert!(offset_of!(SOCKADDR_IN6_LH_0, sin6_scope_struct) == 0);

    assert!(size_of::<UNICODE_STRING>() == 8);
    assert!(align_of::<UNICODE_STRING>() == 4);
    assert!(offset_of!(UNICODE_STRING, Length) == 0);
    assert!(offset_of!(UNICODE_STRING, MaximumLength) == 2);
    assert!(offset_of!(UNICODE_STRING, Buffer) == 4);

    assert!(size_of::<WSADATA>() == 400);
    assert!(align_of::<WSADATA>() == 4);
    assert!(offset_of!(WSADATA, wVersion) == 0);
    assert!(offset_of!(WSADATA, wHighVersion) == 2);
    assert!(offset_of!(WSADATA, szDescription) == 4);
    assert!(offset_of!(WSADATA, szSystemStatus) == 261);
    assert!(offset_of!(WSADATA, iMaxSockets) == 390);
    assert!(offset_of!(WSADATA, iMaxUdpDg) == 392);
    assert!(offset_of!(WSADATA, lpVendorInfo) == 396);

    assert!(size_of::<WSAPOLLFD>() == 8);
    assert!(align_of::<WSAPOLLFD>() == 4);
    assert!(offset_of!(WSAPOLLFD, fd) == 0);
    assert!(offset_of!(WSAPOLLFD, events) == 4);
    assert!(offset_of!(WSAPOLLFD, revents) == 6);

    assert!(size_of::<WSAPROTOCOLCHAIN>() == 32);
    assert!(align_of::<WSAPROTOCOLCHAIN>() == 4);
    assert!(offset_of!(WSAPROTOCOLCHAIN, ChainLen) == 0);
    assert!(offset_of!(WSAPROTOCOLCHAIN, ChainEntries) == 4);

    assert!(size_of::<WSAPROTOCOL_INFOW>() == 628);
    assert!(align_of::<WSAPROTOCOL_INFOW>() == 4);
    assert!(offset_of!(WSAPROTOCOL_INFOW, dwServiceFlags1) == 0);
    assert!(offset_of!(WSAPROTOCOL_INFOW, dwServiceFlags2) == 4);
    assert!(offset_of!(WSAPROTOCOL_INFOW, dwServiceFlags3) == 8);
    assert!(offset_of!(WSAPROTOCOL_INFOW, dwServiceFlags4) == 12);
    assert!(offset_of!(WSAPROTOCOL_INFOW, dwProviderFlags) == 16);
    assert!(offset_of!(WSAPROTOCOL_INFOW, ProviderId) == 20);
    assert!(offset_of!(WSAPROTOCOL_INFOW, dwCatalogEntryId) == 36);
    assert!(offset_of!(WSAPROTOCOL_INFOW, ProtocolChain) == 40);
    assert!(offset_of!(WSAPROTOCOL_INFOW, iVersion) == 72);
    assert!(offset_of!(WSAPROTOCOL_INFOW, iAddressFamily) == 76);
    assert!(offset_of!(WSAPROTOCOL_INFOW, iMaxSockAddr) == 80);
    assert!(offset_of!(WSAPROTOCOL_INFOW, iMinSockAddr) == 84);
    assert!(offset_of!(WSAPROTOCOL_INFOW, iSocketType) == 88);
    assert!(offset_of!(WSAPROTOCOL_INFOW, iProtocol) == 92);
    assert!(offset_of!(WSAPROTOCOL_INFOW, iProtocolMaxOffset) == 96);
    assert!(offset_of!(WSAPROTOCOL_INFOW, iNetworkByteOrder) == 100);
    assert!(offset_of!(WSAPROTOCOL_INFOW, iSecurityScheme) == 104);
    assert!(offset_of!(WSAPROTOCOL_INFOW, dwMessageSize) == 108);
    assert!(offset_of!(WSAPROTOCOL_INFOW, dwProviderReserved) == 112);
    assert!(offset_of!(WSAPROTOCOL_INFOW, szProtocol) == 116);
};
