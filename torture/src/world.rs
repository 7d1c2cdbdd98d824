//! The world of a run: people, their chats, and who comes and goes.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use causerie_protocol::rest::{CreateChat, UserRef};
use causerie_protocol::{ChatId, ChatTitle, User};

use crate::api::Api;

/// Everybody's password.
const PASSWORD: &str = "only for a torture run";

/// A person with an account.
#[derive(Clone, Debug)]
pub struct Person {
    /// Who.
    pub user: User,
}

impl Person {
    /// Makes an account.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn register(api: &Api, email: &str) -> Result<Self> {
        Ok(Self { user: api.register(email, PASSWORD).await?.user })
    }
}

/// One sign-in of a person, for one client; the token changes when it was revoked.
#[derive(Debug)]
pub struct SignIn {
    /// Whose.
    pub person: Person,
    token: Mutex<String>,
}

impl SignIn {
    /// Signs a person in.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn new(api: &Api, person: &Person) -> Result<Arc<Self>> {
        let signed_in = api.login(&person.user.email, PASSWORD).await?;
        Ok(Arc::new(Self { person: person.clone(), token: Mutex::new(signed_in.token) }))
    }

    /// The token of now.
    pub fn token(&self) -> String {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Signs in again.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn renew(&self, api: &Api) -> Result<()> {
        let signed_in = api.login(&self.person.user.email, PASSWORD).await?;
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = signed_in.token;
        Ok(())
    }
}

/// A group that one person leaves and is added to again, time after time.
#[derive(Clone, Debug)]
pub struct Revolving {
    /// The group.
    pub chat: ChatId,
    /// Adds the other again.
    pub host: Person,
    /// Comes and goes.
    pub guest: Person,
}

/// People and chats.
#[derive(Debug)]
pub struct World {
    /// Everybody.
    pub people: Vec<Person>,
    /// Every chat and who is in it at the start; the first one holds everybody.
    pub chats: Vec<(ChatId, Vec<usize>)>,
    /// Groups with somebody who comes and goes.
    pub revolving: Vec<Revolving>,
}

impl World {
    /// Makes `people` accounts and `chats` chats: one of everybody, two that revolve, then groups and pairs by turns.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn make(api: &Api, people: usize, chats: usize) -> Result<Self> {
        let mut world = Self { people: Vec::new(), chats: Vec::new(), revolving: Vec::new() };
        let mut tokens = Vec::new();
        for number in 0..people {
            let signed_in = api.register(&format!("person{number}@example.org"), PASSWORD).await?;
            world.people.push(Person { user: signed_in.user });
            tokens.push(signed_in.token);
        }
        for number in 0..chats {
            let members: Vec<usize> = match number {
                0 => (0..people).collect(),
                _ if number % 2 == 1 => (0..4.min(people)).map(|step| (number + step * 2) % people).collect(),
                _ => vec![number % people, (number + 1 + number / people) % people],
            };
            let mut members: Vec<usize> = members;
            members.sort_unstable();
            members.dedup();
            let is_group = number % 2 == 1 || number == 0;
            let host = members[0];
            let others = members[1..].iter().map(|other| UserRef::Id(world.people[*other].user.id));
            let title = is_group.then(|| ChatTitle::new(format!("Group {number}"))).transpose()?;
            let body = CreateChat { participants: others.collect(), title };
            let chat = api.start_chat(&tokens[host], &body).await?.id;
            if matches!(number, 1 | 3) && members.len() > 2 {
                let guest = *members.last().expect("there are more than two");
                let (host, guest) = (world.people[host].clone(), world.people[guest].clone());
                world.revolving.push(Revolving { chat, host, guest });
            }
            world.chats.push((chat, members));
        }
        Ok(world)
    }
}
