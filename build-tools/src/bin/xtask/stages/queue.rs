//! The order of stages, and which of them run at once.

/// The resource that a stage uses alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// The machine: the stage depends on timing, or other stages need its results.
    Machine,
    /// A build folder or another resource of this name.
    Only(&'static str),
}

/// The stages that wait and the stages that run, by index.
#[derive(Debug)]
pub(super) struct Queue {
    needs: Vec<Needs>,
    waiting: Vec<usize>,
    running: Vec<usize>,
}

/// The next action of an idle thread.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Run(usize),
    /// No stage can start before a running stage ends.
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

    /// Starts the first stage that can start. No stage overtakes one that needs the machine.
    pub(super) fn next(&mut self) -> Next {
        if self.waiting.is_empty() {
            return Next::Done;
        }
        let has = |needs| self.running.iter().any(|&index| self.needs[index] == needs);
        if has(Needs::Machine) {
            return Next::Wait;
        }
        for (position, &index) in self.waiting.iter().enumerate() {
            let needs = self.needs[index];
            let can_start = match needs {
                Needs::Machine => self.running.is_empty(),
                Needs::Only(_) => !has(needs),
            };
            if can_start {
                self.waiting.remove(position);
                self.running.push(index);
                return Next::Run(index);
            }
            if needs == Needs::Machine {
                break;
            }
        }
        Next::Wait
    }

    /// Removes a stage that has ended.
    pub(super) fn end(&mut self, index: usize) {
        self.running.retain(|&running| running != index);
    }

    /// Starts no more stages.
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
    fn stages_with_the_same_need_run_in_sequence() {
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
    fn stage_that_needs_the_machine_runs_alone_and_is_not_overtaken() {
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
    fn stopped_queue_starts_no_stage() {
        let mut queue = Queue::new(vec![A, B]);
        assert_eq!(queue.next(), Next::Run(0));
        queue.stop();
        assert_eq!(queue.next(), Next::Done);
    }
}
