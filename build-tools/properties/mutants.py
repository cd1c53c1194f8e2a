"""Mistakes in the library that the properties must find: each is made in a copy of the tree.

Usage: mutants.py COPY [NAME or BACKEND]...
"""

import os
import re
import shutil
import subprocess
import sys
import time

P = "src/sys/unix/"
FLAGS = {
    "epoll": "",
    "poll": "--cfg mio_unsupported_force_poll_poll",
    "kqueue": '--cfg mio_fake_kernel="freebsd"',
    "event-ports": '--cfg mio_fake_kernel="solaris"',
}
# Name, backend, file, text, replacement.
MUTANTS = [
    ("lost-wake", "epoll", P + "epoll.rs",
     "wait_millis(self.epfd(), events, millis);\n        self.wakes.clear_all();",
     "wait_millis(self.epfd(), events, millis);"),
    ("interest-ignored", "epoll", P + "epoll.rs",
     "syscall::modify(self.epfd(), fd, bits(interest)?, token)",
     "syscall::modify(self.epfd(), fd, bits(interest | Interest::READABLE)?, token)"),
    ("into-raw-stays-registered", "epoll", P + "epoll.rs",
     "let _ = syscall::delete(shared.epfd.as_fd(), fd);", "let _ = (shared, fd);"),
    ("level-triggered", "epoll", P + "epoll.rs",
     "let mut flags = ffi::EPOLLET;", "let mut flags = 0;"),
    ("early-timeout", "epoll", "src/sys/timeout.rs",
     "return (KernelTimeout::Nanos(timeout), false);", "{}"),
    ("swapped-token", "epoll", P + "epoll.rs",
     "syscall::modify(self.epfd(), fd, bits(interest)?, token)",
     "syscall::modify(self.epfd(), fd, bits(interest)?, Token(token.0 & 0xffff_ffff))"),
    ("rearm-dropped", "poll", P + "level_triggered/source_state.rs",
     "        self.reported &= !bits;\n        self.was_probed = false;\n        true",
     "        self.was_probed = false;\n        true"),
    ("wake-does-not-notify", "poll", P + "posix_poll/mod.rs",
     "                    state.push_woken(&self.state);\n                    Ok(((), true))",
     "                    state.push_woken(&self.state);\n                    Ok(((), false))"),
    ("capacity-off-by-one", "poll", "src/sys/event_buffer.rs",
     "self.capacity.saturating_sub(self.events.len())",
     "(self.capacity + 1).saturating_sub(self.events.len())"),
    ("reregister-does-not-arm", "poll", P + "level_triggered/table.rs",
     "        source.interest = interest;\n        source.arm();",
     "        source.interest = interest;"),
    ("drop-stays-registered", "poll", P + "posix_poll/mod.rs",
     "let _ = shared.update(|state| Ok(((), state.table.remove(self.key))));",
     "let _ = (shared, self.key);"),
    ("register-does-not-notify", "poll", P + "posix_poll/mod.rs",
     "            inserted = Some(key);\n            Ok((key, true))",
     "            inserted = Some(key);\n            Ok((key, false))"),
    ("filter-not-deleted", "kqueue", P + "kqueue/mod.rs",
     "            false => DELETE,\n        });\n        let [wants_read, wants_write] = wanted;",
     "            false => ADD | CLEAR,\n        });\n"
     "        let [wants_read, wants_write] = wanted;"),
    ("lost-wake", "kqueue", P + "kqueue/mod.rs",
     "            self.shared.wakes.clear_all();\n", ""),
    ("write-token-swapped", "kqueue", P + "kqueue/mod.rs",
     "            Event::new(ident, WRITE, write, 0, token),\n        ];",
     "            Event::new(ident, WRITE, write, 0, Token(token.0 ^ 1)),\n        ];"),
    ("into-raw-stays-registered", "kqueue", P + "kqueue/mod.rs",
     "let _ = shared.delete_filters(fd);", "let _ = (shared, fd);"),
    ("no-synthetic-end", "kqueue", P + "kqueue/mod.rs",
     "            shared.synthetic_eofs.push::<W>(shared, fd, token)?;",
     "            let _ = &shared.synthetic_eofs;"),
    ("level-triggered", "kqueue", P + "kqueue/mod.rs",
     "let add = |filter| Event::new(ident, filter, ADD | CLEAR, 0, token);",
     "let add = |filter| Event::new(ident, filter, ADD, 0, token);"),
    ("not-associated-again", "event-ports", P + "event_ports/state.rs",
     "        self.set_outstanding(key, None);\n        self.table.mark_dirty(key);\n        asked",
     "        self.set_outstanding(key, None);\n        asked"),
    ("rearm-dropped", "event-ports", P + "level_triggered/source_state.rs",
     "        self.reported &= !bits;\n        self.was_probed = false;\n        true",
     "        self.was_probed = false;\n        true"),
    ("lost-wake", "event-ports", P + "event_ports/poller.rs",
     "                shared.wakes.clear_all();", "                let _ = &shared.wakes;"),
    ("dropped-waker-kept", "event-ports", P + "event_ports/state.rs",
     "        self.wakers.remove(&id);", "        let _ = id;"),
    ("early-timeout", "event-ports", P + "event_ports/poller.rs",
     "Deadline::new(timeout);", "Deadline::new(timeout.map(|it| it - it / 4));"),
    ("reregister-does-not-associate", "event-ports", P + "event_ports/mod.rs",
     "        state.table.replace(key, token, interest)?;\n"
     "        state.associate(self.port(), key)",
     "        state.table.replace(key, token, interest)?;\n        Ok(())"),
]


def run(copy, name, backend, file, old, new):
    path = os.path.join(copy, file)
    with open(path) as source:
        text = source.read()
    if text.count(old) != 1:
        return "the text is not there once"
    crate = os.path.join(copy, "build-tools/properties")
    shutil.rmtree(os.path.join(crate, "regressions"), ignore_errors=True)
    target = "target" if backend == "epoll" else f"target/{backend}"
    env = dict(os.environ, RUSTFLAGS=FLAGS[backend], CARGO_TARGET_DIR=target)
    env.setdefault("MIO_PROPERTIES_CASES", "400")
    env.setdefault("MIO_PROPERTIES_SHRINK", "15")
    with open(path, "w") as source:
        source.write(text.replace(old, new))
    start = time.time()
    try:
        command = ["nice", "-n", "5", "cargo", "test", "--test", "specification"]
        command += ["--", "--nocapture"]
        done = subprocess.run(
            command, env=env, cwd=crate, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    finally:
        with open(path, "w") as source:
            source.write(text)
    output = done.stdout
    if "could not compile" in output or "Running" not in output:
        return "does not compile\n" + output[-1500:]
    lines = [f"{'found' if done.returncode else 'MISSED'} in {time.time() - start:.0f} s"]
    for what, program in re.findall(
        r"panicked at [^\n]*\n([^\n]*)\n.*?holds\(&\[\n(.*?)\]\);", output, re.S
    ):
        lines.append("  " + what[:100])
        lines.append("    " + " ".join(line.strip() for line in program.splitlines())[:500])
    return "\n".join(lines)


for mutant in MUTANTS:
    if not sys.argv[2:] or mutant[0] in sys.argv[2:] or mutant[1] in sys.argv[2:]:
        print(f"{mutant[1]} {mutant[0]}: {run(sys.argv[1], *mutant)}", flush=True)
