//! A person's or a group's initials, on a hue that stays theirs.

use causerie_client::{ChatEntry, Name, names};
use causerie_protocol::User;
use leptos::prelude::*;

use crate::browser;

/// How many hues the styles know.
const HUES: i64 = 12;

/// What an avatar shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Avatar {
    /// One or two letters.
    pub initials: String,
    /// Names the hue, for the styles.
    pub hue: String,
}

impl Avatar {
    /// Somebody's.
    pub fn of(user: &User) -> Self {
        Self { initials: initials(&Name::of(user)), hue: hue(user.id.0) }
    }

    /// A chat's: of the other person, or of the group.
    pub fn of_chat(chat: &ChatEntry) -> Self {
        let mut others = chat.others();
        match (chat.is_direct(), others.next()) {
            (true, Some(other)) => Self::of(&other.user),
            _ => Self { initials: initials(&chat.title()), hue: hue(chat.id().0 * 5 + 2) },
        }
    }

    /// The element; `size` is a class of the styles.
    pub fn draw(&self, size: &str, online: bool) -> AnyView {
        let class = format!("avatar {size} {}{}", self.hue, if online { " online" } else { "" });
        view! { <span class=class aria-hidden="true">{self.initials.clone()}</span> }.into_any()
    }
}

fn hue(id: i64) -> String {
    // Neighbours in the order of joining get hues that are far apart.
    format!("hue-{}", id.wrapping_mul(7).rem_euclid(HUES))
}

fn initials(name: &Name) -> String {
    browser::upper_case(&names::initials(name, &browser::fold(name.alone())))
}
