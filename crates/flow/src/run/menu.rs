//! The digits of an IVR node.

use super::{Out, Run, Wait, Way};
use crate::Instruction;
use crate::program::{Action, At, Menu};

/// What an IVR node has so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Collected {
    /// Digits since the last prompt began.
    typed: String,
    /// The prompt is playing; the timer starts at its end.
    pub(super) prompting: bool,
    /// Prompts played again.
    repeated: u32,
}

impl Run {
    pub(super) fn menu_begin(&mut self, at: At, out: &mut Out) -> Way {
        self.ivr_input.clear();
        self.menu_prompt(at, 0, out)
    }

    fn menu_prompt(&mut self, at: At, repeated: u32, out: &mut Out) -> Way {
        if let Some(menu) = menu(self, at) {
            out.push(Instruction::Play { prompt: menu.prompt.clone() });
        }
        self.wait(at, Wait::Digits(Collected { typed: String::new(), prompting: true, repeated }))
    }

    pub(super) fn menu_prompt_over(&mut self, at: At, mut collected: Collected, out: &mut Out) -> Way {
        if std::mem::take(&mut collected.prompting) {
            let timeout_ms = menu(self, at).map_or(1, |menu| menu.timeout_ms);
            self.start_timer(timeout_ms, out);
        }
        self.wait(at, Wait::Digits(collected))
    }

    pub(super) fn menu_digit(&mut self, at: At, mut collected: Collected, digit: char, out: &mut Out) -> Way {
        if std::mem::take(&mut collected.prompting) {
            out.push(Instruction::StopPlay);
        }
        let Some(menu) = menu(self, at) else { return Way::Stay };
        let timeout_ms = menu.timeout_ms;
        let complete = menu.finish_on_key == Some(digit) || {
            collected.typed.push(digit);
            let typed = collected.typed.as_str();
            let exact = menu.choices.iter().any(|(digits, _)| &**digits == typed);
            let longer = menu.choices.iter().any(|(digits, _)| digits.len() > typed.len() && digits.starts_with(typed));
            (exact && !longer) || typed.len() >= menu.digits_max
        };
        if complete {
            return self.menu_complete(at, &collected, out);
        }
        self.start_timer(timeout_ms, out);
        self.wait(at, Wait::Digits(collected))
    }

    pub(super) fn menu_timeout(&mut self, at: At, collected: &Collected, out: &mut Out) -> Way {
        self.menu_complete(at, collected, out)
    }

    fn menu_complete(&mut self, at: At, collected: &Collected, out: &mut Out) -> Way {
        self.stop_timer(out);
        let Some(menu) = menu(self, at) else { return Way::Stay };
        let typed = collected.typed.as_str();
        let chosen = menu.choices.iter().find(|(digits, _)| &**digits == typed).map(|(_, target)| *target);
        let default = menu.default;
        if chosen.is_none() && collected.repeated < menu.retries {
            return self.menu_prompt(at, collected.repeated + 1, out);
        }
        self.ivr_input.push_str(typed);
        match chosen {
            Some(target) => self.leave(at, typed, Some(target), out),
            None => self.leave(at, "default", default, out),
        }
    }
}

fn menu(run: &Run, at: At) -> Option<&Menu> {
    match &run.program.node(at).action {
        Action::Ivr(menu) => Some(menu),
        _ => None,
    }
}
