"""The same as forward.cjs, for images that have Python and no Node."""
import os
import socket
import sys
import threading

path, port = sys.argv[1], int(sys.argv[2])


def carry(source, target):
    try:
        while True:
            data = source.recv(65536)
            if not data:
                break
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def serve(client):
    with client, socket.socket(socket.AF_UNIX) as kernel:
        try:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            kernel.connect(path)
        except OSError:
            return
        back = threading.Thread(target=carry, args=(kernel, client), daemon=True)
        back.start()
        carry(client, kernel)
        back.join()


server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", port))
server.listen(128)
os.write(1, b"ready\n")
os.close(1)
os.open(os.devnull, os.O_WRONLY)
while True:
    try:
        connection, _ = server.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()
    except (OSError, RuntimeError):
        continue
