"""Runs a command at a pseudo-terminal of 30 rows and 100 columns, as a person at a keyboard would.

Usage: in-terminal.py STEPS COMMAND [ARGS...], STEPS being JSON: a list of [wait-for, then], where `wait-for` is text that
must have come (or is waited for 60 s), and `then` is text to type or {"rows": R, "columns": C}. Prints as JSON: the output
and the exit status.
"""
import fcntl, json, os, pty, select, struct, sys, termios

steps = json.loads(sys.argv[1])
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])


def resize(rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


output = b""
seen = 0


def read_more():
    """False at the end of the output."""
    global output
    ready, _, _ = select.select([fd], [], [], 60)
    try:
        piece = os.read(fd, 65536) if ready else b""
    except OSError:
        piece = b""
    output += piece
    return piece != b""


resize(30, 100)
for wait_for, then in steps:
    while output.find(wait_for.encode(), seen) < 0 and read_more():
        pass
    seen = max(seen, output.find(wait_for.encode(), seen) + len(wait_for))
    if isinstance(then, dict):
        resize(then["rows"], then["columns"])
    else:
        os.write(fd, then.encode())
while read_more():
    pass
_, status = os.waitpid(pid, 0)
print(json.dumps({"output": output.decode("latin1"), "status": os.waitstatus_to_exitcode(status)}))
