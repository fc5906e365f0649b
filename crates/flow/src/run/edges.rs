//! Where a call goes when a node is done.

use domain::EndCause;

use super::{Branch, Out, Run, Way};
use crate::Instruction;
use crate::program::{Action, At};

impl Run {
    pub(super) fn left(&self, at: At, outcome: &str, out: &mut Out) {
        let node = self.program.node(at).id.clone();
        out.push(Instruction::LeaveNode { node, outcome: outcome.into() });
    }

    /// A node is done: on by its edge, else by `next`, else the branch is at its end.
    pub(super) fn leave(&mut self, at: At, outcome: &str, edge: Option<At>, out: &mut Out) -> Way {
        self.left(at, outcome, out);
        match edge.or(self.program.node(at).next) {
            Some(to) => Way::To(to),
            None => self.end_branch(),
        }
    }

    /// A node without a next: on behind the innermost fallback that has one, else the call is done.
    fn end_branch(&mut self) -> Way {
        while let Some(branch) = self.branches.pop() {
            if let Some(next) = self.program.node(branch.at).next {
                return Way::To(next);
            }
        }
        Way::End(EndCause::Normal, None)
    }

    /// A buyer, queue or record node did its work: from here on failures are its own, not those of a branch.
    pub(super) fn settle(&mut self) {
        for branch in &mut self.branches {
            branch.settled = true;
        }
    }

    /// A buyer, queue or record node failed: on by its own edge, else to the next target of the fallback it is in, else by
    /// `next`, else the call is done for.
    pub(super) fn fail(&mut self, at: At, outcome: &str, edge: Option<At>, cause: EndCause, out: &mut Out) -> Way {
        self.left(at, outcome, out);
        if let Some(to) = edge {
            return Way::To(to);
        }
        let in_branch = self.branches.last().is_some_and(|branch| !branch.settled);
        if in_branch {
            return self.next_target(cause, out);
        }
        match self.program.node(at).next {
            Some(to) => Way::To(to),
            None => Way::End(cause, None),
        }
    }

    /// The next target of the innermost fallback that has one left.
    fn next_target(&mut self, cause: EndCause, out: &mut Out) -> Way {
        let mut behind = None;
        while let Some(branch) = self.branches.last_mut() {
            let at = branch.at;
            let node = self.program.node(at);
            let Action::Fallback { targets, on_all_failed } = &node.action else { break };
            out.push(Instruction::EnterNode { node: node.id.clone(), kind: node.kind });
            if let Some(target) = targets.get(branch.tried).copied() {
                branch.tried += 1;
                let outcome = format!("target-{}", branch.tried);
                self.left(at, &outcome, out);
                return Way::To(target);
            }
            let (on_all_failed, next) = (*on_all_failed, node.next);
            self.left(at, "all-failed", out);
            self.branches.pop();
            if let Some(to) = on_all_failed {
                return Way::To(to);
            }
            // The outer fallback comes before the inner one's next, as it does for any node that fails.
            behind = behind.or(next);
        }
        match behind {
            Some(to) => Way::To(to),
            None => Way::End(cause, None),
        }
    }

    /// Enters a fallback node. One the call is in already starts anew.
    pub(super) fn begin_branch(&mut self, at: At, out: &mut Out) -> Way {
        if let Some(depth) = self.branches.iter().position(|branch| branch.at == at) {
            self.branches.truncate(depth);
        }
        let Action::Fallback { targets, .. } = &self.program.node(at).action else { return Way::Stay };
        let first = targets.first().copied();
        self.branches.push(Branch { at, tried: 1, settled: false });
        self.left(at, "target-1", out);
        match first {
            Some(target) => Way::To(target),
            None => self.end_branch(),
        }
    }
}
