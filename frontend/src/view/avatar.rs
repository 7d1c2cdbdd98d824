//! The initials of a user or a group on a colour that stays the same.

use causerie_client::{ChatEntry, Name, names};
use causerie_protocol::User;
use leptos::prelude::*;

use crate::browser;

/// How many hues the style sheet has.
const HUES: i64 = 12;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Avatar {
    pub initials: String,
    /// The hue's class in the style sheet.
    pub hue: String,
}

impl Avatar {
    pub fn of(user: &User) -> Self {
        Self { initials: initials(&Name::of(user)), hue: hue(user.id.0) }
    }

    /// The avatar of the other user, or of the group.
    pub fn of_chat(chat: &ChatEntry) -> Self {
        let mut others = chat.others();
        match (chat.is_direct(), others.next()) {
            (true, Some(other)) => Self::of(&other.user),
            _ => Self { initials: initials(&chat.title()), hue: hue(chat.id().0 * 5 + 2) },
        }
    }

    /// `size` is a class of the style sheet.
    pub fn draw(&self, size: &str, online: bool) -> AnyView {
        let class = format!("avatar {size} {}{}", self.hue, if online { " online" } else { "" });
        view! { <span class=class aria-hidden="true">{self.initials.clone()}</span> }.into_any()
    }
}

fn hue(id: i64) -> String {
    // Users with successive ids get hues that are far apart.
    format!("hue-{}", id.wrapping_mul(7).rem_euclid(HUES))
}

fn initials(name: &Name) -> String {
    browser::upper_case(&names::initials(name, &browser::fold(name.alone())))
}
