"""A host of WASI preview 1, which preopens a listener for the guest.

host.py [--connect | --peer] WASM [ARGUMENTS...]

With --connect it connects to the listener once, as a client of the guest's server. With --peer it
connects again and again, and acts as the guest requests (see peer.py). It needs the PyPI package
wasmtime 17.0.1 on PYTHONPATH.
"""

import ctypes
import os
import socket
import sys
import threading
import time

import peer

from wasmtime import Engine, ExitTrap, Linker, Module, Store, WasiConfig
from wasmtime import _ffi


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def preopen_listener(config, port):
    """Makes a listener fd 3 of the guest. Only this version has the call, without a Python API."""
    preopen = _ffi.dll.wasi_config_preopen_socket
    preopen.restype = ctypes.c_bool
    preopen.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_char_p]
    pointer = config.ptr() if callable(getattr(config, "ptr", None)) else config._ptr
    if not preopen(ctypes.cast(pointer, ctypes.c_void_p), 3, f"127.0.0.1:{port}".encode()):
        sys.exit("host.py: cannot preopen the listener")


def play_client(port, faults):
    """Writes, waits for the echo, shuts its writing half, and closes after the end.

    The timeout is long, because the guest may run other tests first.
    """
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as stream:
            time.sleep(0.3)
            stream.sendall(b"hello")
            echo = b""
            while len(echo) < 5:
                part = stream.recv(16)
                if not part:
                    raise OSError("the end came before the echo")
                echo += part
            if echo != b"hello":
                raise OSError(f"the echo is {echo!r}")
            time.sleep(0.2)
            stream.shutdown(socket.SHUT_WR)
            if stream.recv(16):
                raise OSError("more than the echo came")
    except OSError as error:
        faults.append(error)


def main():
    arguments = sys.argv[1:]
    role = arguments.pop(0) if arguments[0] in ("--connect", "--peer") else None
    config = WasiConfig()
    config.argv = arguments
    environment = [item for item in os.environ.items() if item[0].startswith("RUST_")]
    config.inherit_stdin()
    config.inherit_stdout()
    config.inherit_stderr()
    faults = []
    client = None
    peers = None
    if role:
        port = free_port()
        preopen_listener(config, port)
        if role == "--connect":
            client = threading.Thread(target=play_client, args=(port, faults), daemon=True)
        else:
            peers = threading.Thread(target=peer.connect_again_and_again, args=(port,), daemon=True)
    config.env = environment

    engine = Engine()
    store = Store(engine)
    store.set_wasi(config)
    linker = Linker(engine)
    linker.define_wasi()
    instance = linker.instantiate(store, Module.from_file(engine, arguments[0]))
    if client:
        client.start()
    if peers:
        peers.start()
    code = 0
    try:
        instance.exports(store)["_start"](store)
    except ExitTrap as end:
        code = end.code
    if client:
        client.join(5)
        if code == 0 and (client.is_alive() or faults):
            sys.exit(f"host.py: the client failed: {faults}")
    sys.exit(code)


main()
