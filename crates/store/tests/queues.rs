//! Queues: who answers, by status and skill, and how long an agent rests.
#![expect(clippy::unwrap_used, reason = "what fails here is the test's to report")]

mod support;

use std::{sync::Arc, time::Duration};

use domain::*;
use operations::*;
use support::{NOW, World, at};
use switch::ask::{Answer, Ask, Token};
use tokio::task::JoinHandle;

struct Desk {
    world: World,
    voice: Arc<Voice>,
}

fn agent(world: &World, name: &str, status: AgentStatus, skills: &[&str]) -> Agent {
    Agent {
        id: world.ids.next(NOW),
        tenant: world.tenant.id,
        user: None,
        name: name.into(),
        destination: format!("sip:{name}@127.0.0.1"),
        skills: skills.iter().map(|skill| (*skill).to_owned()).collect(),
        status,
        status_changed_at: NOW,
        wrap_up_seconds: 0,
        needs_connection: false,
        created_at: NOW,
        updated_at: NOW,
    }
}

impl Desk {
    async fn new(members: &[&Agent], skills: &[&str], world: World) -> Self {
        for agent in members {
            world.directory.agents.insert(world.scope, agent).await.unwrap();
        }
        let queue = Queue {
            id: world.ids.next(NOW),
            tenant: world.tenant.id,
            name: "sales".into(),
            size_max: 10,
            music: None,
            timeout_seconds: None,
            agents: Vec::new(),
            members: members.iter().map(|agent| agent.id).collect(),
            skills: skills.iter().map(|skill| (*skill).to_owned()).collect(),
            created_at: NOW,
            updated_at: NOW,
        };
        world.directory.queues.insert(world.scope, &queue).await.unwrap();
        let store = Arc::new(world.store.clone());
        let voice = Arc::new(Voice::new(store.clone(), store, world.store.usage(), world.ids.clone()));
        voice.refresh().await.unwrap();
        Self { world, voice }
    }

    fn join(&self) -> (CallId, JoinHandle<Option<Answer>>) {
        let call = self.world.ids.next(NOW);
        let ask = Ask::JoinQueue {
            tenant: self.world.tenant.id,
            queue: "sales".into(),
            size_max: None,
            since: NOW,
            is_back: false,
        };
        let voice = self.voice.clone();
        (call, tokio::spawn(async move { voice.answer(Token { call, number: 0 }, ask, NOW).await }))
    }

    async fn waiting(&self, count: usize) {
        while self.voice.desk().waiting().iter().map(|(.., waiting)| waiting).sum::<usize>() != count {
            tokio::task::yield_now().await;
        }
    }

    async fn becomes(&self, agent: &Agent, status: AgentStatus) {
        let found = self.world.directory.agents.get(self.world.scope, agent.id).await.unwrap();
        self.world.directory.agents.save(self.world.scope, &Agent { status, ..found }, NOW).await.unwrap();
        assert_eq!(self.voice.refresh().await.unwrap(), 1, "calls are decided on it");
    }

    fn over(&self, call: CallId, at: Timestamp) {
        let ended = What::Ended { cause: EndCause::Normal, by: Party::Caller, sip_status: None, detail: None };
        let event = CallEvent { tenant: self.world.tenant.id, call, sequence: 9, at, what: ended };
        self.voice.desk().observe(&event);
    }
}

async fn agent_of(answer: JoinHandle<Option<Answer>>) -> String {
    let answer = tokio::time::timeout(Duration::from_secs(10), answer).await.unwrap().unwrap();
    match answer {
        Some(Answer::QueueTurn { agent, .. }) => agent,
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn a_caller_waits_until_an_agent_comes_to_the_desk() {
    let world = World::new().await;
    let (ana, bo) = (agent(&world, "ana", AgentStatus::Offline, &[]), agent(&world, "bo", AgentStatus::Away, &[]));
    let desk = Desk::new(&[&ana, &bo], &[], world).await;
    let (_, first) = desk.join();
    desk.waiting(1).await;
    desk.voice.serve_queues(NOW);
    desk.waiting(1).await;
    desk.becomes(&ana, AgentStatus::DoNotDisturb).await;
    desk.voice.serve_queues(NOW);
    desk.waiting(1).await;
    desk.becomes(&bo, AgentStatus::Available).await;
    desk.voice.serve_queues(NOW);
    assert_eq!(agent_of(first).await, "bo");
    // One call at a time.
    let (_, second) = desk.join();
    desk.waiting(1).await;
    desk.voice.serve_queues(NOW);
    desk.waiting(1).await;
    desk.becomes(&ana, AgentStatus::Available).await;
    desk.voice.serve_queues(NOW);
    assert_eq!(agent_of(second).await, "ana");
}

#[tokio::test]
async fn only_those_with_every_skill_answer() {
    let world = World::new().await;
    let ana = agent(&world, "ana", AgentStatus::Available, &["spanish"]);
    let bo = agent(&world, "bo", AgentStatus::Available, &["sales", "spanish", "night"]);
    let desk = Desk::new(&[&ana, &bo], &["spanish", "sales"], world).await;
    let (call, first) = desk.join();
    assert_eq!(agent_of(first).await, "bo");
    let (_, second) = desk.join();
    desk.waiting(1).await;
    desk.over(call, NOW);
    assert_eq!(agent_of(second).await, "bo");
}

#[tokio::test]
async fn an_agent_rests_after_a_call() {
    let world = World::new().await;
    let ana = Agent { wrap_up_seconds: 20, ..agent(&world, "ana", AgentStatus::Available, &[]) };
    let desk = Desk::new(&[&ana], &[], world).await;
    let (call, first) = desk.join();
    assert_eq!(agent_of(first).await, "ana");
    let (_, second) = desk.join();
    desk.waiting(1).await;
    desk.over(call, at(100));
    desk.waiting(1).await;
    desk.voice.serve_queues(at(119));
    desk.waiting(1).await;
    desk.voice.serve_queues(at(120));
    assert_eq!(agent_of(second).await, "ana");
}
