//! The users of a run, their chats, and the users who leave a group and are added again.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use causerie_protocol::rest::{self, CreateChat, UserRef};
use causerie_protocol::{ChatId, ChatTitle, User};

use crate::api::Api;

const PASSWORD: &str = "only for a torture run";

#[derive(Clone, Debug)]
pub struct Person {
    pub user: User,
}

impl Person {
    /// The address of the account.
    pub fn email(&self) -> &str {
        self.user.own_email()
    }

    /// How others name this person in a new chat.
    pub fn by_email(&self) -> UserRef {
        UserRef::Email(self.email().to_owned())
    }
}

/// One sign-in of a user, for one client; the client signs in again after the token was revoked.
#[derive(Debug)]
pub struct SignIn {
    pub person: Person,
    token: Mutex<String>,
}

impl SignIn {
    fn registered(signed_in: rest::SignedIn) -> Arc<Self> {
        Arc::new(Self { person: Person { user: signed_in.user }, token: Mutex::new(signed_in.token) })
    }

    pub async fn new(api: &Api, person: &Person) -> Result<Arc<Self>> {
        let signed_in = api.login(person.email(), PASSWORD).await?;
        Ok(Arc::new(Self { person: person.clone(), token: Mutex::new(signed_in.token) }))
    }

    /// The current token.
    pub fn token(&self) -> String {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Creates an account. Its sign-in is for the run itself, not for a client.
    pub async fn register(api: &Api, email: &str) -> Result<Arc<Self>> {
        Ok(Self::registered(api.register(email, PASSWORD).await?))
    }

    pub async fn renew(&self, api: &Api) -> Result<()> {
        let signed_in = api.login(self.person.email(), PASSWORD).await?;
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = signed_in.token;
        Ok(())
    }
}

/// A group that one user, the guest, leaves and is added to again, repeatedly.
#[derive(Clone, Debug)]
pub struct Revolving {
    pub chat: ChatId,
    /// Adds the guest again.
    pub host: Arc<SignIn>,
    /// Leaves the group.
    pub guest: Arc<SignIn>,
}

/// The users of a run and their chats.
#[derive(Debug)]
pub struct Population {
    pub people: Vec<Person>,
    /// For each user a sign-in for the run itself, which is never revoked.
    pub sign_ins: Vec<Arc<SignIn>>,
    /// Every chat with its participants at the start, by index; all users are in the first one.
    pub chats: Vec<(ChatId, Vec<usize>)>,
    pub revolving: Vec<Revolving>,
}

impl Population {
    /// Creates `people` accounts and `chats` chats: one with all users, two with a guest who leaves, then groups and
    /// pairs.
    pub async fn make(api: &Api, people: usize, chats: usize) -> Result<Self> {
        let mut population =
            Self { people: Vec::new(), sign_ins: Vec::new(), chats: Vec::new(), revolving: Vec::new() };
        for number in 0..people {
            let sign_in = SignIn::register(api, &format!("person{number}@example.org")).await?;
            population.people.push(sign_in.person.clone());
            population.sign_ins.push(sign_in);
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
            let others = members[1..].iter().map(|other| population.people[*other].by_email());
            let title = is_group.then(|| ChatTitle::new(format!("Group {number}"))).transpose()?;
            let body = CreateChat { participants: others.collect(), title, client_id: None, language: None };
            let chat = api.start_chat(&population.sign_ins[host].token(), &body).await?.id;
            if matches!(number, 1 | 3) && members.len() > 2 {
                let guest = *members.last().expect("there are more than two");
                let (host, guest) = (population.sign_ins[host].clone(), population.sign_ins[guest].clone());
                population.revolving.push(Revolving { chat, host, guest });
            }
            population.chats.push((chat, members));
        }
        Ok(population)
    }
}
