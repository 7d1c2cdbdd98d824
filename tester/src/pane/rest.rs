//! The requests of a connection over HTTP: sign in for a token, revoke it, load the history.

use causerie_protocol::ErrorCode;
use causerie_protocol::rest::Login;
use causerie_texts::{Tester as Text, problem};
use causerie_web::api::{Api, ApiError, Failure};
use causerie_web::storage;
use leptos::prelude::*;

use super::ConnectionPane;

/// The fields of the form that signs in.
#[derive(Clone, Copy, Default)]
pub struct SignInFields {
    pub email: RwSignal<String>,
    pub password: RwSignal<String>,
    /// A code of the second factor, or a recovery code.
    pub code: RwSignal<String>,
    /// The account has a second factor.
    pub asks_code: RwSignal<bool>,
}

/// Whether a code is to be asked for after a sign-in that failed; nothing when that changes nothing about it.
fn needs_code(error: &ApiError) -> Option<bool> {
    let Failure::Refused(problem) = &error.failure else { return None };
    match problem.code {
        ErrorCode::CodeNeeded | ErrorCode::WrongCode => Some(true),
        ErrorCode::WrongCredentials => Some(false),
        _ => None,
    }
}

impl ConnectionPane {
    fn api(self) -> Result<Api, String> {
        let base = self.base.get_untracked();
        if base.trim().is_empty() {
            return Ok(Api::new(""));
        }
        self.target().map(|target| Api::new(target.base()))
    }

    /// Fills in the token of the browser's sign-in to this server; returns whether there is one.
    pub fn use_my_sign_in(self) -> bool {
        let Some(session) = storage::session() else { return false };
        self.fill_in(session.token, &session.user.name);
        true
    }

    fn fill_in(self, token: String, name: &str) {
        self.token.set(token);
        self.trouble.set(String::new());
        self.said.set(Text::SignedInAs.fill(self.language.get_untracked(), &[("name", name)]));
    }

    /// Signs in for a token. The password is forgotten with the answer, unless that asks for a code besides it.
    pub fn sign_in(self, fields: SignInFields) {
        let api = match self.api() {
            Ok(api) => api,
            Err(trouble) => return self.trouble.set(trouble),
        };
        causerie_web::run(async move {
            let code = Some(fields.code.get_untracked()).filter(|code| !code.is_empty());
            let (email, password) = (fields.email.get_untracked(), fields.password.get_untracked());
            let answer = api.login(&Login { email, password, code }).await;
            let asks_code = match &answer {
                Ok(_) => false,
                Err(error) => needs_code(error).unwrap_or_else(|| fields.asks_code.get_untracked()),
            };
            fields.asks_code.set(asks_code);
            fields.code.set(String::new());
            if !asks_code {
                fields.password.set(String::new());
            }
            match answer {
                Ok(signed_in) => self.fill_in(signed_in.token, &signed_in.user.name),
                Err(error) => self.on_failure(error),
            }
        });
    }

    fn on_failure(self, error: ApiError) {
        let language = self.language.get_untracked();
        self.trouble.set(match error.failure {
            Failure::NoAnswer => Text::NoAnswer.in_language(language).to_owned(),
            Failure::NotUnderstood => Text::NotUnderstood.in_language(language).to_owned(),
            Failure::Refused(problem) => {
                problem::problem(&problem.code, problem.field.as_deref(), problem.detail, language)
            }
        });
    }

    /// Revokes the token and clears the field.
    pub fn end_sign_in(self) {
        let api = match self.api() {
            Ok(api) => api.with_token(self.token.get_untracked().trim()),
            Err(trouble) => return self.trouble.set(trouble),
        };
        causerie_web::run(async move {
            match api.logout().await {
                Ok(()) => {
                    self.token.set(String::new());
                    self.said.set(self.text(Text::SignInEnded).to_owned());
                }
                Err(error) => self.on_failure(error),
            }
        });
    }

    /// Loads the newest messages of the chat.
    pub fn load_history(self) {
        let chat = match self.chat_id() {
            Ok(Some(chat)) => chat,
            Ok(None) => return self.trouble.set(self.text(Text::ChatNeeded).to_owned()),
            Err(trouble) => return self.trouble.set(trouble),
        };
        let api = match self.api() {
            Ok(api) => api.with_token(self.token.get_untracked().trim()),
            Err(trouble) => return self.trouble.set(trouble),
        };
        causerie_web::run(async move {
            let answer = api.messages(chat, None).await;
            self.on_history(answer.map(|(messages, _)| messages));
        });
    }

    fn on_history(self, answer: Result<Vec<causerie_protocol::Message>, ApiError>) {
        match answer {
            Ok(messages) => {
                let count = messages.len().to_string();
                let said = Text::HistoryLoaded.fill(self.language.get_untracked(), &[("count", &count)]);
                // The record also has the frames of the socket; this entry is marked as loaded over HTTP.
                let json = serde_json::to_string(&messages).unwrap_or_default();
                self.with(|inner| messages.into_iter().for_each(|message| inner.conversation.add(message)));
                self.note("history", json);
                self.trouble.set(String::new());
                self.said.set(said);
            }
            Err(error) => self.on_failure(error),
        }
    }
}
