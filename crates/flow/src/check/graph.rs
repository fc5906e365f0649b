//! The flow as a whole: is everything reached, can it spin, does it end?

use std::collections::HashMap;

use crate::Fault;
use crate::program::{Action, At, Compiled, Program};

/// An edge of the flow.
struct Edge {
    field: &'static str,
    to: At,
    /// False: it may be taken without anybody waiting for anything.
    waits: bool,
}

/// What is wrong with the flow as a whole.
pub(super) fn faults(program: &Program) -> Vec<Fault> {
    let edges: Vec<Vec<Edge>> = program.nodes.iter().map(edges).collect();
    let mut faults = Vec::new();
    let reached = reach(program.start, &edges);
    for (at, node) in program.nodes.iter().enumerate() {
        // The entry repeated among the nodes is passed over by entry.target.
        if !reached[at] && node.id != program.entry_id {
            let message = "is not reached from the entry; lead an edge to it or remove it.";
            faults.push(Fault::new(Some(&node.id), "id", "unreachable", message));
        }
        if matches!(node.action, Action::Whisper { .. }) && reached[at] && !leads_to_bridge(At(at), program, &edges) {
            let message = "no buyer or queue node follows, so nobody would hear it; lead to one or remove it.";
            faults.push(Fault::new(Some(&node.id), "next", "whisper-unheard", message));
        }
    }
    let ends = |at: usize| may_end(&program.nodes[at]);
    if !(0..program.nodes.len()).any(|at| reached[at] && ends(at)) {
        let message = "never ends: no hangup node is reached and no node is without a next; add a hangup.";
        faults.push(Fault::of_document("nodes", "no-end", message));
    }
    cycles(program, &edges, &mut faults);
    faults
}

fn edges(node: &Compiled) -> Vec<Edge> {
    let mut edges = Vec::new();
    let mut add = |field, to: Option<At>, waits| edges.extend(to.map(|to| Edge { field, to, waits }));
    match &node.action {
        Action::Jump { target } => add("target", Some(*target), false),
        Action::Ivr(menu) => {
            for (_, target) in &menu.choices {
                add("choices", Some(*target), true);
            }
            add("default", menu.default, true);
            add("next", node.next, true);
        }
        Action::If { then, otherwise, .. } => {
            add("then", Some(*then), false);
            add("else", *otherwise, false);
            add("next", node.next, false);
        }
        // A full queue and an offer without buyers answer at once.
        Action::Queue(waiting) => {
            add("onTimeout", waiting.on_timeout, true);
            add("onFull", waiting.on_full, false);
            add("onConnect", waiting.on_connect, true);
            add("next", node.next, waiting.on_full.is_some());
        }
        Action::Buyer { on_no_buyers, on_all_busy, .. } => {
            add("onNoBuyers", *on_no_buyers, false);
            add("onAllBusy", *on_all_busy, false);
            add("next", node.next, on_no_buyers.is_some() && on_all_busy.is_some());
        }
        Action::Record(recording) => {
            add("onComplete", recording.on_complete, true);
            add("onError", recording.on_error, false);
            add("next", node.next, false);
        }
        Action::Whisper { on_accept, on_reject, .. } => {
            // With a next, onAccept is taken after the conversation.
            add("onAccept", *on_accept, node.next.is_some());
            add("onReject", *on_reject, true);
            add("next", node.next, false);
        }
        Action::Pause { .. } => add("next", node.next, true),
        Action::Fallback { targets, on_all_failed } => {
            for target in targets {
                add("targets", Some(*target), false);
            }
            add("onAllFailed", *on_all_failed, false);
            add("next", node.next, false);
        }
        Action::Tag(_) => add("next", node.next, false),
        Action::HangUp { .. } => {}
    }
    edges
}

/// True where the call may come to its end at this node.
fn may_end(node: &Compiled) -> bool {
    match &node.action {
        Action::HangUp { .. } => true,
        Action::Jump { .. } | Action::Ivr(_) => false,
        Action::If { otherwise, .. } => otherwise.is_none() && node.next.is_none(),
        Action::Queue(waiting) => waiting.on_connect.is_none() && node.next.is_none(),
        Action::Record(recording) => recording.on_complete.is_none() && node.next.is_none(),
        Action::Whisper { .. } => false,
        Action::Buyer { .. } | Action::Tag(_) | Action::Pause { .. } => node.next.is_none(),
        Action::Fallback { on_all_failed, .. } => on_all_failed.is_none() && node.next.is_none(),
    }
}

fn reach(start: At, edges: &[Vec<Edge>]) -> Vec<bool> {
    let mut reached = vec![false; edges.len()];
    let mut open = vec![start.0];
    while let Some(at) = open.pop() {
        if !std::mem::replace(&mut reached[at], true) {
            open.extend(edges[at].iter().map(|edge| edge.to.0));
        }
    }
    reached
}

fn leads_to_bridge(from: At, program: &Program, edges: &[Vec<Edge>]) -> bool {
    let reached = reach(from, edges);
    program
        .nodes
        .iter()
        .zip(reached)
        .any(|(node, reached)| reached && matches!(node.action, Action::Buyer { .. } | Action::Queue(_)))
}

/// Finds rings of edges along which nobody waits: a call would spin in them. Depth first, without recursion.
fn cycles(program: &Program, edges: &[Vec<Edge>], faults: &mut Vec<Fault>) {
    let mut done = vec![false; edges.len()];
    for root in 0..edges.len() {
        if done[root] {
            continue;
        }
        let mut path: Vec<(usize, usize)> = vec![(root, 0)];
        let mut on_path = HashMap::from([(root, 0_usize)]);
        while let Some((at, next_edge)) = path.last_mut() {
            let at = *at;
            let Some(edge) = edges[at].get(*next_edge) else {
                done[at] = true;
                on_path.remove(&at);
                path.pop();
                continue;
            };
            *next_edge += 1;
            let to = edge.to.0;
            if edge.waits || done[to] {
                continue;
            }
            if let Some(depth) = on_path.get(&to) {
                let ring: Vec<&str> = path[*depth..].iter().map(|(at, _)| &*program.nodes[*at].id).collect();
                let message = format!(
                    "leads back to \"{}\" without waiting ({}); put an ivr, queue or timeout node between.",
                    program.nodes[to].id,
                    shown(&ring)
                );
                faults.push(Fault::new(Some(&program.nodes[at].id), edge.field, "cycle-without-wait", message));
            } else {
                on_path.insert(to, path.len());
                path.push((to, 0));
            }
        }
    }
}

fn shown(ring: &[&str]) -> String {
    const SHOWN_MAX: usize = 8;
    let mut text = ring.iter().take(SHOWN_MAX).copied().collect::<Vec<_>>().join(" -> ");
    if ring.len() > SHOWN_MAX {
        text.push_str(" -> ...");
    }
    text
}
