#!/usr/bin/python3
"""Runs a command on a terminal of 72 columns: terminal.py ANSWER COMMAND...

Types ANSWER once "Type yes" is read, prints what was seen with escapes written as <ESC>, and ends
with the command's exit code.
"""
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time

answer = sys.argv[1].encode().decode("unicode_escape").encode()
pid, screen = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 72, 0, 0))
seen, typed, ends = b"", False, time.time() + 60
while time.time() < ends:
    if not select.select([screen], [], [], 1)[0]:
        continue
    try:
        part = os.read(screen, 4096)
    except OSError:
        break
    if not part:
        break
    seen += part
    if b"Type yes" in seen and not typed:
        typed = True
        os.write(screen, answer)
else:
    os.kill(pid, 9)  # a program that waits for ever is a failure, not a wait without end
print(seen.decode("utf-8", "replace").replace("\033", "<ESC>").replace("\r\n", "\n"))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
