//! The mutants: each changes one text of a file in `src/sys`. In `wrong`, `MUTANT` is the condition
//! that the mutant is switched on.

/// One mistake in the library's code.
#[allow(dead_code)] // `build.rs` and the tests each read some of the fields.
pub(crate) struct Mutant {
    pub(crate) name: &'static str,
    /// The models that reject it, a name of `src/models.rs`.
    pub(crate) models: &'static str,
    /// In `src/sys`.
    pub(crate) file: &'static str,
    /// The library's text, which the file has once.
    pub(crate) right: &'static str,
    pub(crate) wrong: &'static str,
    /// What loom or a model then prints.
    pub(crate) finds: &'static str,
}

/// All mutants.
pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "wake_bits_load_first",
        models: "kernel_queue",
        file: "wake_bits.rs",
        right: "        self.pending.fetch_or(bit, ",
        wrong: r#"        if MUTANT && self.pending.load(Ordering::Acquire) & bit != 0 {
            return false;
        }
        self.pending.fetch_or(bit, "#,
        finds: "deadlock",
    },
    Mutant {
        name: "wake_bits_set_without_release",
        models: "kernel_queue",
        file: "wake_bits.rs",
        right: "fetch_or(bit, Ordering::AcqRel)",
        wrong: "fetch_or(bit, if MUTANT { Ordering::Acquire } else { Ordering::AcqRel })",
        finds: "deadlock",
    },
    Mutant {
        name: "wake_bits_clear_by_store",
        models: "kernel_queue",
        file: "wake_bits.rs",
        right: r#"            self.pending.swap(0, Ordering::AcqRel);
        }
    }

    /// Like `clear_all`,"#,
        wrong: r#"            if MUTANT {
                self.pending.store(0, Ordering::Release);
            } else {
                self.pending.swap(0, Ordering::AcqRel);
            }
        }
    }

    /// Like `clear_all`,"#,
        finds: "deadlock",
    },
    Mutant {
        name: "wake_bits_clear_without_acquire",
        models: "kernel_queue",
        file: "wake_bits.rs",
        right: r#"        if self.pending.load(Ordering::Acquire) != 0 {
"#,
        wrong: r#"        if MUTANT {
            self.pending.swap(0, Ordering::Release);
        } else if self.pending.load(Ordering::Acquire) != 0 {
"#,
        finds: "deadlock",
    },
    Mutant {
        name: "wake_bits_lone_wake_does_not_notify",
        models: "kernel_queue_paced",
        file: "wake_bits.rs",
        right: r#"            self.pace.store(pace::ONE, Ordering::Release);
            return true;"#,
        wrong: r#"            self.pace.store(pace::ONE, Ordering::Release);
            return !MUTANT;"#,
        finds: "deadlock",
    },
    Mutant {
        name: "wake_bits_clears_nothing_after_one_wake",
        models: "kernel_queue_paced",
        file: "wake_bits.rs",
        right: r#"        if has_bits {
            self.clear_all();"#,
        wrong: r#"        if has_bits && (MUTANT && pace == pace::ONE) {
            self.pace.store(pace::ALONE, Ordering::Relaxed);
        } else if has_bits {
            self.clear_all();"#,
        finds: "deadlock",
    },
    Mutant {
        name: "wake_bits_merges_with_lone_wake",
        models: "kernel_queue_paced",
        file: "wake_bits.rs",
        right: r#"        let must_notify = self.set_pending(bit);
"#,
        wrong: r#"        let must_notify = self.set_pending(bit) && !(MUTANT && pace == pace::ONE);
"#,
        finds: "deadlock",
    },
    Mutant {
        name: "posix_poll_wake_loads_first",
        models: "posix_poll_wakes",
        file: "unix/posix_poll/mod.rs",
        right: "        let is_merged = self",
        wrong: r#"        let is_merged = MUTANT && self.state.is_pending.load(Ordering::Acquire)
            || self"#,
        finds: "deadlock",
    },
    Mutant {
        name: "posix_poll_wake_without_release",
        models: "posix_poll_wakes",
        file: "unix/posix_poll/mod.rs",
        right: "self.state.is_pending.swap(true, Ordering::AcqRel)",
        wrong: r#"self.state.is_pending.swap(
            true,
            if MUTANT { Ordering::Acquire } else { Ordering::AcqRel },
        )"#,
        finds: "deadlock",
    },
    Mutant {
        name: "posix_poll_clear_by_store",
        models: "posix_poll_wakes",
        file: "unix/posix_poll/poller.rs",
        right: "        waker.is_pending.swap(",
        wrong: r#"        if MUTANT {
            waker.is_pending.store(false, Ordering::Release);
            events.push(Event::new(waker.token, ffi::POLLIN));
            continue;
        }
        waker.is_pending.swap("#,
        finds: "deadlock",
    },
    Mutant {
        name: "posix_poll_clear_without_acquire",
        models: "posix_poll_wakes",
        file: "unix/posix_poll/poller.rs",
        right: "swap(false, Ordering::AcqRel)",
        wrong: "swap(false, if MUTANT { Ordering::Release } else { Ordering::AcqRel })",
        finds: "deadlock",
    },
    Mutant {
        name: "posix_poll_wake_is_not_added",
        models: "posix_poll_wakes",
        file: "unix/posix_poll/mod.rs",
        right: r#"            Some(shared) => shared
                .update(|state| {
                    state.push_woken(&self.state);"#,
        wrong: r#"            Some(shared) => shared
                .update(|state| {
                    if !MUTANT {
                        state.push_woken(&self.state);
                    }"#,
        finds: "deadlock",
    },
    Mutant {
        name: "posix_poll_failed_wake_stays_pending",
        models: "posix_poll_faults",
        file: "unix/posix_poll/mod.rs",
        right: "                    self.state.is_pending.swap(false, Ordering::AcqRel);",
        wrong: r#"                    if !MUTANT {
                        self.state.is_pending.swap(false, Ordering::AcqRel);
                    }"#,
        finds: "deadlock",
    },
    Mutant {
        name: "posix_poll_failed_write_is_forgotten",
        models: "posix_poll_faults",
        file: "unix/posix_poll/mod.rs",
        right: "            self.state().notified = Notified::Failed;",
        wrong: r#"            if !MUTANT {
                self.state().notified = Notified::Failed;
            }"#,
        finds: "deadlock",
    },
    Mutant {
        name: "posix_poll_failed_write_is_not_repeated",
        models: "posix_poll_faults",
        file: "unix/posix_poll/mod.rs",
        right: "(changed || state.notified == Notified::Failed) && state.must_notify()",
        wrong: "(changed || !MUTANT && state.notified == Notified::Failed) && state.must_notify()",
        finds: "deadlock",
    },
    Mutant {
        name: "posix_poll_failed_registration_stays",
        models: "posix_poll_faults",
        file: "unix/posix_poll/mod.rs",
        right: "            state.table.remove(key);",
        wrong: r#"            if !MUTANT {
                state.table.remove(key);
            }"#,
        finds: "AlreadyExists",
    },
    Mutant {
        name: "posix_poll_change_is_not_marked",
        models: "posix_poll_without_blocking",
        file: "unix/posix_poll/mod.rs",
        right: "        if changed {",
        wrong: "        if changed && !MUTANT {",
        finds: "a wake is lost",
    },
    Mutant {
        name: "posix_poll_mark_is_always_cleared",
        models: "posix_poll_without_blocking",
        file: "unix/posix_poll/poller.rs",
        right: ".store(state.has_changes(), Ordering::Relaxed);\n            drop(state);",
        wrong: r#".store(!MUTANT && state.has_changes(), Ordering::Relaxed);
            drop(state);"#,
        finds: "a wake is lost",
    },
    Mutant {
        name: "posix_poll_register_does_not_notify",
        models: "posix_poll_registrations",
        file: "unix/posix_poll/mod.rs",
        right: "            Ok((key, true))",
        wrong: "            Ok((key, !MUTANT))",
        finds: "deadlock",
    },
    Mutant {
        name: "posix_poll_reregister_does_not_notify",
        models: "posix_poll_registrations",
        file: "unix/posix_poll/mod.rs",
        right: "state.table.set_mode(key, mode);\n            Ok(((), true))",
        wrong: "state.table.set_mode(key, mode);\n            Ok(((), !MUTANT))",
        finds: "deadlock",
    },
    Mutant {
        name: "posix_poll_deregister_does_not_notify",
        models: "posix_poll_registrations",
        file: "unix/posix_poll/mod.rs",
        right: r#"            if state.table.remove(key) {
                Ok(((), true))"#,
        wrong: r#"            if state.table.remove(key) {
                Ok(((), !MUTANT))"#,
        finds: "deadlock",
    },
    Mutant {
        name: "posix_poll_drop_does_not_notify",
        models: "posix_poll_registrations",
        file: "unix/posix_poll/mod.rs",
        right: "Ok(((), state.table.remove(self.key)))",
        wrong: "Ok(((), state.table.remove(self.key) && !MUTANT))",
        finds: "deadlock",
    },
    Mutant {
        name: "posix_poll_rearm_does_not_notify",
        models: "posix_poll_registrations",
        file: "unix/posix_poll/mod.rs",
        right: "Ok(((), state.table.rearm(registration.key, waits_for)))",
        wrong: "Ok(((), state.table.rearm(registration.key, waits_for) && !MUTANT))",
        finds: "deadlock",
    },
    Mutant {
        name: "posix_poll_blocked_is_set_after_unlocking",
        models: "posix_poll_wakes",
        file: "unix/posix_poll/poller.rs",
        right: r#"            state.blocked = may_block;
"#,
        wrong: r#"            if MUTANT {
                drop(state);
                state = shared.state();
            }
            state.blocked = may_block;
"#,
        finds: "deadlock",
    },
    Mutant {
        name: "posix_poll_notified_is_not_reset",
        models: "posix_poll_wakes",
        file: "unix/posix_poll/poller.rs",
        right: r#"            state.notified = Notified::No;
"#,
        wrong: r#"            if !MUTANT {
                state.notified = Notified::No;
            }
"#,
        finds: "deadlock",
    },
    Mutant {
        name: "posix_poll_wakers_after_the_poll_are_dropped",
        models: "posix_poll_wakes",
        file: "unix/posix_poll/poller.rs",
        right: r#"                take_wakers(&mut state, events, 0);
"#,
        wrong: r#"                use crate::sys::selector::EventBuffer as _;
                let mut none = Events::with_capacity(16);
                take_wakers(&mut state, if MUTANT { &mut none } else { events }, 0);
"#,
        finds: "deadlock",
    },
    Mutant {
        name: "posix_poll_changes_are_applied_in_a_section_of_their_own",
        models: "posix_poll_registrations",
        file: "unix/posix_poll/poller.rs",
        right: r#"            let reported_wakers = take_wakers(&mut state, events, reserved);
"#,
        wrong: r#"            if MUTANT {
                drop(state);
                state = shared.state();
            }
            let reported_wakers = take_wakers(&mut state, events, reserved);
"#,
        finds: "deadlock",
    },
    Mutant {
        name: "source_state_is_not_new",
        models: "posix_poll_registrations",
        file: "unix/level_triggered/source_state.rs",
        right: "                flag::NEW\n",
        wrong: "                if MUTANT { 0 } else { flag::NEW }\n",
        finds: "an event of a source not ready",
    },
    Mutant {
        name: "eventfd_drain_swallows_the_write",
        models: "posix_poll_faults",
        file: "unix/notifier/eventfd.rs",
        right: r#"                    if self.drain()? {
"#,
        wrong: r#"                    let is_from_copy = self.drain()?;
                    if MUTANT {
                        return Ok(());
                    }
                    if is_from_copy {
"#,
        finds: "deadlock",
    },
    Mutant {
        name: "pipe_drain_swallows_the_write",
        models: "posix_poll_faults",
        file: "unix/notifier/pipe.rs",
        right: r#"                    if self.drain()? {
"#,
        wrong: r#"                    let is_from_copy = self.drain()?;
                    if MUTANT {
                        return Ok(());
                    }
                    if is_from_copy {
"#,
        finds: "deadlock",
    },
    Mutant {
        name: "afd_is_waiting_is_set_after_the_list_is_taken",
        models: "afd_registrations",
        file: "windows/afd/poller.rs",
        right: r#"        shared.is_waiting.store(will_wait, Ordering::Relaxed);
        shared.updates().swap(&mut self.updates);
"#,
        wrong: r#"        if !MUTANT {
            shared.is_waiting.store(will_wait, Ordering::Relaxed);
        }
        shared.updates().swap(&mut self.updates);
        shared.is_waiting.store(will_wait, Ordering::Relaxed);
"#,
        finds: "deadlock",
    },
    Mutant {
        name: "afd_is_waiting_is_read_before_the_lock",
        models: "afd_registrations",
        file: "windows/afd/shared.rs",
        right: r#"            let mut updates = self.updates();
            if !self.is_waiting.load(Ordering::Relaxed) {
"#,
        wrong: r#"            let was_waiting = self.is_waiting.load(Ordering::Relaxed);
            let mut updates = self.updates();
            let is_waiting = self.is_waiting.load(Ordering::Relaxed);
            if !(if MUTANT { was_waiting } else { is_waiting }) {
"#,
        finds: "deadlock",
    },
    Mutant {
        name: "afd_refused_rearm_posts_no_packet",
        models: "afd_registrations",
        file: "windows/afd/shared.rs",
        right: "        iocp::post_to_receiver(self.port.handle(), NO_RECEIVER)",
        wrong: r#"        if MUTANT {
            return Ok(());
        }
        iocp::post_to_receiver(self.port.handle(), NO_RECEIVER)"#,
        finds: "deadlock",
    },
    Mutant {
        name: "afd_refused_rearm_is_not_listed",
        models: "afd_registrations",
        file: "windows/afd/shared.rs",
        right: r#"        state.pause();
        self.add_to_updates(source, state);
"#,
        wrong: r#"        state.pause();
        if !MUTANT {
            self.add_to_updates(source, state);
        }
"#,
        finds: "deadlock",
    },
    Mutant {
        name: "afd_completion_starts_no_request",
        models: "afd_registrations",
        file: "windows/afd/source.rs",
        right: r#"        shared.add_to_updates(&source, &mut state);
"#,
        wrong: r#"        if !MUTANT {
            shared.add_to_updates(&source, &mut state);
        }
"#,
        finds: "deadlock",
    },
    Mutant {
        name: "afd_deregister_does_not_cancel",
        models: "afd_registrations",
        file: "windows/afd/source.rs",
        right: "state.end(|pending| syscall::cancel(handle.as_handle(), pending).is_ok());",
        wrong: r#"state.end(|pending| {
            MUTANT || syscall::cancel(handle.as_handle(), pending).is_ok()
        });"#,
        finds: "a request is left",
    },
    Mutant {
        name: "afd_lingering_request_releases_its_socket",
        models: "afd_registrations",
        file: "windows/afd/source.rs",
        right: "self.keep_route(&mut state, shared, layered, ended.lingers);",
        wrong: "self.keep_route(&mut state, shared, layered, ended.lingers && !MUTANT);",
        finds: "deadlock",
    },
    Mutant {
        name: "afd_event_clears_no_bit",
        models: "afd_wakes",
        file: "windows/afd/mod.rs",
        right: r#"        self.bit.all().clear_all();
        sink"#,
        wrong: r#"        if !MUTANT {
            self.bit.all().clear_all();
        }
        sink"#,
        finds: "deadlock",
    },
    Mutant {
        name: "afd_rearm_ignores_the_waiting_thread",
        models: "afd_registrations",
        file: "windows/afd/shared.rs",
        right: r#"        source.update(state, self)
"#,
        wrong: r#"        if MUTANT {
            return Ok(());
        }
        source.update(state, self)
"#,
        finds: "deadlock",
    },
];
