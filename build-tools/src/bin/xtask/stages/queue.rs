//! Which stage may begin while others run.

/// What a stage must have to itself while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// The machine: the stage depends on the clock, or others depend on what it does.
    Machine,
    /// A build folder, a package manager or the like, by its name.
    Only(&'static str),
}

/// The stages that have not begun and those that run, by their index.
#[derive(Debug)]
pub(super) struct Queue {
    needs: Vec<Needs>,
    waiting: Vec<usize>,
    running: Vec<usize>,
}

/// What a thread that is free does next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Run(usize),
    /// No stage can begin before one that runs has ended.
    Wait,
    Done,
}

impl Queue {
    pub(super) fn new(needs: Vec<Needs>) -> Queue {
        Queue {
            waiting: (0..needs.len()).collect(),
            running: Vec::new(),
            needs,
        }
    }

    /// Begins the first stage that can begin. None passes one that needs the machine.
    pub(super) fn next(&mut self) -> Next {
        if self.waiting.is_empty() {
            return Next::Done;
        }
        let has = |needs| self.running.iter().any(|&index| self.needs[index] == needs);
        if has(Needs::Machine) {
            return Next::Wait;
        }
        for (place, &index) in self.waiting.iter().enumerate() {
            let needs = self.needs[index];
            let can_begin = match needs {
                Needs::Machine => self.running.is_empty(),
                Needs::Only(_) => !has(needs),
            };
            if can_begin {
                self.waiting.remove(place);
                self.running.push(index);
                return Next::Run(index);
            }
            if needs == Needs::Machine {
                break;
            }
        }
        Next::Wait
    }

    /// A stage has ended.
    pub(super) fn end(&mut self, index: usize) {
        self.running.retain(|&running| running != index);
    }

    /// Begins no other stage.
    pub(super) fn stop(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::{Needs, Next, Queue};

    const A: Needs = Needs::Only("a");
    const B: Needs = Needs::Only("b");

    #[test]
    fn stages_with_the_same_need_do_not_run_at_once() {
        let mut queue = Queue::new(vec![A, A, B]);
        assert_eq!(queue.next(), Next::Run(0));
        assert_eq!(queue.next(), Next::Run(2));
        assert_eq!(queue.next(), Next::Wait);
        queue.end(2);
        assert_eq!(queue.next(), Next::Wait);
        queue.end(0);
        assert_eq!(queue.next(), Next::Run(1));
        assert_eq!(queue.next(), Next::Done);
    }

    #[test]
    fn a_stage_that_needs_the_machine_runs_alone_and_is_not_passed() {
        let mut queue = Queue::new(vec![A, Needs::Machine, B]);
        assert_eq!(queue.next(), Next::Run(0));
        assert_eq!(queue.next(), Next::Wait);
        queue.end(0);
        assert_eq!(queue.next(), Next::Run(1));
        assert_eq!(queue.next(), Next::Wait);
        queue.end(1);
        assert_eq!(queue.next(), Next::Run(2));
    }

    #[test]
    fn a_stopped_queue_begins_nothing() {
        let mut queue = Queue::new(vec![A, B]);
        assert_eq!(queue.next(), Next::Run(0));
        queue.stop();
        assert_eq!(queue.next(), Next::Done);
    }
}
