//! Answers the questions of one switch thread: prompts here, everything else by the use cases.

use std::sync::Arc;

use domain::{TenantId, Timestamp};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use operations::Voice;
use switch::Input;
use switch::ask::{Answer, Ask, Token as AskToken};
use tokio::sync::mpsc::Receiver;

use super::prompts::Prompts;
use super::switch_thread::{Question, SwitchHandle};
use crate::clock::Clock;

/// Questions being answered at once; further ones wait their turn.
const QUESTIONS_MAX: usize = 4_096;

/// Runs until the thread is gone. Questions are answered side by side on this one task: most take microseconds of work and a
/// moment of waiting, and a task of its own for each would cost more than the answer.
pub async fn run(
    mut questions: Receiver<Question>,
    voice: Arc<Voice>,
    prompts: Arc<Prompts>,
    switch: SwitchHandle,
    clock: Clock,
) {
    let mut answering = FuturesUnordered::new();
    let mut queueing = FuturesUnordered::new();
    loop {
        // Who joins a queue is in it before a later question of the same call, to leave it, is looked at.
        let question = tokio::select! {
            biased;
            Some(()) = queueing.next() => continue,
            question = questions.recv(), if answering.len() < QUESTIONS_MAX => question,
            Some(()) = answering.next() => continue,
        };
        let Some(Question { token, ask }) = question else { return };
        let (voice, switch) = (voice.clone(), switch.clone());
        match ask {
            // Reading and decoding a file is work.
            Ask::LoadPrompt { tenant, prompt } => {
                drop(tokio::spawn(load(prompts.clone(), tenant, prompt, token, switch)))
            }
            // Who waits for an agent may wait for an hour, and must not keep others from being answered.
            Ask::JoinQueue { .. } => queueing.push(answer(voice, token, ask, switch, clock.now())),
            ask => answering.push(answer(voice, token, ask, switch, clock.now())),
        }
    }
}

async fn answer(voice: Arc<Voice>, token: AskToken, ask: Ask, switch: SwitchHandle, now: Timestamp) {
    if let Some(answer) = voice.answer(token, ask, now).await {
        switch.give(Input::Answer { token, answer });
    }
}

async fn load(prompts: Arc<Prompts>, tenant: TenantId, prompt: Arc<str>, token: AskToken, switch: SwitchHandle) {
    let answer = match prompts.load(tenant, &prompt).await {
        Ok(samples) => Answer::Prompt(samples),
        Err(error) => Answer::NoPrompt { reason: format!("{error:#}") },
    };
    switch.give(Input::Answer { token, answer });
}
