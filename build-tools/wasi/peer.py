"""The other end of a guest's connections: it does what one byte asks for, and keeps what is not to be closed.

As a program: peer.py WASMTIME run [OPTIONS...] WASM [ARGUMENTS...]. It listens on loopback, and tells the guest the port in MIO_PEER.
"""

import socket
import struct
import subprocess
import sys
import threading
import time

# What is kept open until the end.
KEPT = []


def serve(stream):
    """Does what is asked for, and returns that."""
    deed = stream.recv(1)
    keeps = True
    if deed == b"w":
        stream.sendall(b"x")
    elif deed == b"o":
        stream.send(b"!", socket.MSG_OOB)
    elif deed == b"W":
        stream.shutdown(socket.SHUT_WR)
    elif deed == b"R":
        stream.shutdown(socket.SHUT_RD)
    elif deed == b"c":
        keeps = False
    elif deed == b"d":
        stream.sendall(b"x")
        keeps = False
    elif deed == b"r":
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        keeps = False
    if keeps:
        KEPT.append(stream)
    else:
        stream.close()
    return deed


def connect_again_and_again(port):
    """For guests that can only accept: somebody always waits, but after an "s" nobody for a while."""
    try:
        while True:
            stream = socket.create_connection(("127.0.0.1", port), timeout=60)
            if serve(stream) == b"s":
                time.sleep(3)
    except OSError:
        pass  # The guest has come to its end.


def main():
    command = sys.argv[1:]
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def accept():
        while True:
            serve(listener.accept()[0])

    threading.Thread(target=accept, daemon=True).start()
    place = command.index("run") + 1
    command[place:place] = ["--env", f"MIO_PEER={port}"]
    sys.exit(subprocess.call(command))


if __name__ == "__main__":
    main()
