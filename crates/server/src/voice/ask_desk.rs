//! Answers the questions of one switch thread: prompts here, everything else by the use cases.

use std::sync::Arc;

use operations::Voice;
use switch::Input;
use switch::ask::{Answer, Ask};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::Receiver;

use super::prompts::Prompts;
use super::switch_thread::{Question, SwitchHandle};
use crate::clock::Clock;

/// Questions being answered at once; further ones wait their turn.
const QUESTIONS_MAX: usize = 4_096;

/// Runs until the thread is gone.
pub async fn run(
    mut questions: Receiver<Question>,
    voice: Arc<Voice>,
    prompts: Arc<Prompts>,
    switch: SwitchHandle,
    clock: Clock,
) {
    let room = Arc::new(Semaphore::new(QUESTIONS_MAX));
    while let Some(Question { token, ask }) = questions.recv().await {
        // Who waits for an agent may wait for an hour, and must not keep others from being answered.
        let permit = match ask {
            Ask::JoinQueue { .. } => None,
            _ => match room.clone().acquire_owned().await {
                Ok(permit) => Some(permit),
                Err(_) => return,
            },
        };
        let (voice, prompts, switch) = (voice.clone(), prompts.clone(), switch.clone());
        tokio::spawn(async move {
            let answer = match ask {
                Ask::LoadPrompt { tenant, prompt } => match prompts.load(tenant, &prompt).await {
                    Ok(samples) => Some(Answer::Prompt(samples)),
                    Err(error) => Some(Answer::NoPrompt { reason: format!("{error:#}") }),
                },
                ask => voice.answer(token, ask, clock.now()).await,
            };
            drop(permit);
            if let Some(answer) = answer {
                switch.give(Input::Answer { token, answer });
            }
        });
    }
}
