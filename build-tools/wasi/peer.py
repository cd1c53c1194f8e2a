"""The peer of a guest's connections: one byte requests an action (tests/event_semantics/peer.rs).

peer.py WASMTIME run [OPTIONS...] WASM [ARGUMENTS...]

It listens on loopback, and passes the port to the guest in MIO_PEER.
"""

import socket
import struct
import subprocess
import sys
import threading
import time

# Connections that stay open until the program exits.
KEPT = []


def serve(stream):
    """Receives a request, acts, and returns the request."""
    request = stream.recv(1)
    keeps = True
    if request == b"w":
        stream.sendall(b"x")
    elif request == b"o":
        stream.send(b"!", socket.MSG_OOB)
    elif request == b"W":
        stream.shutdown(socket.SHUT_WR)
    elif request == b"R":
        stream.shutdown(socket.SHUT_RD)
    elif request == b"c":
        keeps = False
    elif request == b"d":
        stream.sendall(b"x")
        keeps = False
    elif request == b"r":
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        keeps = False
    if keeps:
        KEPT.append(stream)
    else:
        stream.close()
    return request


def connect_again_and_again(port):
    """Connects, for guests that can only accept, again after each request; "s" delays that."""
    try:
        while True:
            stream = socket.create_connection(("127.0.0.1", port), timeout=60)
            if serve(stream) == b"s":
                time.sleep(3)
    except OSError:
        pass  # The guest has exited.


def main():
    command = sys.argv[1:]
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def accept():
        while True:
            serve(listener.accept()[0])

    threading.Thread(target=accept, daemon=True).start()
    index = command.index("run") + 1
    command[index:index] = ["--env", f"MIO_PEER={port}"]
    sys.exit(subprocess.call(command))


if __name__ == "__main__":
    main()
