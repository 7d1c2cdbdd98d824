//! Where the program is split: the code that only these functions reach becomes files of their own.
//!
//! `cargo xtask build` compiles with `--cfg split` and splits the program; otherwise the functions are called directly.
//! They belong to the programs, since the connection tester uses the library and is not split.

use causerie_frontend::view::parts::{
    Composer, Conversation, Dialogs, Emoji, Home, NotLoaded, Parts, People, Search,
};

macro_rules! load {
    ($part:ident()) => {{
        #[cfg(split)]
        let loaded = $part().await;
        #[cfg(not(split))]
        let loaded = $part();
        loaded.map_err(|_| NotLoaded)
    }};
}

pub const PARTS: Parts = Parts {
    home: || Box::pin(async { load!(home()) }),
    conversation: || Box::pin(async { load!(conversation()) }),
    composer: || Box::pin(async { load!(composer()) }),
    dialogs: || Box::pin(async { load!(dialogs()) }),
    people: || Box::pin(async { load!(people()) }),
    search: || Box::pin(async { load!(search()) }),
    emoji: || Box::pin(async { load!(emoji()) }),
};

#[cfg(split)]
type Failed = wasm_split_helpers::SplitLoaderError;
#[cfg(not(split))]
type Failed = std::convert::Infallible;

#[cfg_attr(split, wasm_split_helpers::wasm_split(home, fallible))]
fn home() -> Result<Home, Failed> {
    Ok(causerie_frontend::view::parts::home())
}

#[cfg_attr(split, wasm_split_helpers::wasm_split(conversation, fallible))]
fn conversation() -> Result<Conversation, Failed> {
    Ok(causerie_frontend::view::parts::conversation())
}

#[cfg_attr(split, wasm_split_helpers::wasm_split(composer, fallible))]
fn composer() -> Result<Composer, Failed> {
    Ok(causerie_frontend::view::parts::composer())
}

#[cfg_attr(split, wasm_split_helpers::wasm_split(dialogs, fallible))]
fn dialogs() -> Result<Dialogs, Failed> {
    Ok(causerie_frontend::view::parts::dialogs())
}

#[cfg_attr(split, wasm_split_helpers::wasm_split(people, fallible))]
fn people() -> Result<People, Failed> {
    Ok(causerie_frontend::view::parts::people())
}

#[cfg_attr(split, wasm_split_helpers::wasm_split(search, fallible))]
fn search() -> Result<Search, Failed> {
    Ok(causerie_frontend::view::parts::search())
}

#[cfg_attr(split, wasm_split_helpers::wasm_split(emoji, fallible))]
fn emoji() -> Result<Emoji, Failed> {
    Ok(causerie_frontend::view::parts::emoji())
}
