//! Search: every backend finds the same messages, and only those that the person may read, as they stand now.

use causerie_protocol::search::Found;
use causerie_protocol::{ChatId, MessageId, UserId, limits};
use causerie_server::search::Query;
use causerie_server::store::{AccountChange, Actor, Append, Change, Indexed, Store};
use causerie_testkit::{LIMIT, eventually};

use super::world::{World, message};

/// What people write: names and places, languages that put no spaces between words, and what is syntax elsewhere.
const TEXTS: [&str; 40] = [
    "Đường Nguyễn Huệ, Hà Nội",
    "duong den truong",
    "Con đường dài",
    "Hà Nội mùa thu",
    "Ha\u{300} No\u{323}\u{302}i",
    "nôi em bé",
    "nguyen van hue",
    "Huế và Huệ",
    "今天玩成语接龙游戏",
    "成功的语言",
    "语成",
    "끝말잇기게임",
    "게임을 하자",
    "\u{1100}\u{1166}\u{110b}\u{1175}\u{11b7}",
    "かな と ガナ",
    "カナ",
    "สวัสดีครับ",
    "हिन्दी में बात",
    "NOT a AND b OR NEAR(c d)",
    "near and not",
    "a \"quoted phrase\" here",
    "the phrase is quoted",
    "star* and caret^2",
    "foo-bar_baz.qux",
    "foo bar",
    "bar foo",
    "https://example.org/path?q=word",
    "www.example.org",
    "read http://example.org now",
    "https:// is no link",
    "nul\0here",
    "straße STRASSE Strasse",
    "ΣΊΣΥΦΟΣ",
    "Łódź and Lodz",
    "ﬁne ｆｕｌｌ width H₂O",
    "smile \u{1f600} please",
    "don't 'quote' it",
    "back\\slash {brace} col:on",
    "2026-11-30 12:30",
    "mùa mưa, mưa mùa",
];

/// What people look for: about two hundred queries, most made of the words of the texts.
fn queries() -> Vec<String> {
    let mut queries: Vec<String> = [
        "ha noi",
        "HÀ NỘI",
        "Ha\u{300} No\u{323}\u{302}i",
        "nguyen hue",
        "duong",
        "đường",
        "dường",
        "Đuong",
        "huế",
        "huệ",
        "hue",
        "成语",
        "语成",
        "成 语",
        "게임",
        "게",
        "\u{1100}\u{1166}",
        "かな",
        "カ",
        "ガ",
        "สวัส",
        "हिन्दी",
        "NOT",
        "AND",
        "OR",
        "NEAR(",
        "NEAR(c d)",
        "a AND b",
        "-foo",
        "\"",
        "\"\"",
        "\"ha noi\"",
        "\"noi ha\"",
        "\"quoted phrase\"",
        "\"phrase quoted\"",
        "\"foo bar",
        "foo-bar",
        "bar-foo",
        "foo*",
        "fo*",
        "ngu*",
        "duo* tr*",
        "\"con đường\" dai",
        "成*",
        "stras*",
        "strasse",
        "σίσυφος",
        "lodz",
        "łódź",
        "łodz",
        "fine",
        "full",
        "h2o",
        "nul",
        "here",
        "nul\0here",
        "\u{1f600} smile",
        "don't",
        "quote",
        "'",
        "back\\slash",
        "{brace}",
        "col:on",
        "words:a",
        "2026",
        "12:30",
        "\"mua mua\"",
        "mùa mưa",
        "\"mưa mùa\"",
        "has:link",
        "has:link example",
        "has:link read",
        "from:alice hue",
        "from:bob hue",
        "from:ali",
        "from:\"bob\" duong",
        "from:nobody hue",
        "in:dinner ha noi",
        "in:bob ha noi",
        "in:alice duong",
        "in:\"din\" game",
        "after:2020-01-01 hue",
        "before:2020-01-01 hue",
        "before:2020-01-01",
        "after:2999-01-01",
        "from:alice in:dinner",
        "word",
        "example.org",
        "http example",
    ]
    .map(str::to_owned)
    .into();
    for text in TEXTS {
        let words: Vec<&str> = text.split_whitespace().collect();
        queries.push(text.replace('"', " "));
        queries.push(format!("\"{}\"", words[0].replace('"', "")));
        queries.push(format!("{} {}", words[words.len() - 1], words[0]).to_uppercase());
    }
    queries
}

impl World {
    /// Waits until everything is in the index.
    pub async fn index(&self) -> Indexed {
        index(&*self.store).await
    }

    async fn search(&self, user: UserId, query: &str) -> Vec<MessageId> {
        self.found(user, query, None).await.hits.into_iter().map(|hit| hit.id).collect()
    }

    async fn found(&self, user: UserId, query: &str, before: Option<MessageId>) -> Found {
        self.store.search(user, &Query::parse(query, 0).unwrap(), before).await.unwrap()
    }
}

pub async fn index(store: &dyn Store) -> Indexed {
    let all = async || {
        let done = store.index_messages().await.unwrap();
        (!done.more).then_some(done)
    };
    eventually("everything is indexed", LIMIT, all).await.unwrap()
}

pub async fn every_query_finds_what_a_look_at_every_text_finds(world: World) {
    let (group, pair) = (world.group().await, world.pair().await);
    let mut said = Vec::new();
    for (at, text) in TEXTS.iter().enumerate() {
        let (chat, sender) = if at % 3 == 0 { (pair, world.bob) } else { (group, world.alice) };
        said.push(world.say(chat, sender, text).await);
    }
    world.index().await;
    let queries = queries();
    assert!(queries.len() >= 200, "{}", queries.len());
    let mut hits = 0;
    for typed in &queries {
        let Ok(query) = Query::parse(typed, 0) else { continue };
        let chat_name = |chat: ChatId| if chat == group { "Dinner" } else { "bob" };
        let is_in_time = query.until.is_none_or(|until| until.0 > 1_700_000_000_000_000)
            && query.since.is_none_or(|since| since.0 < 4_000_000_000_000_000);
        let expected: Vec<MessageId> = said
            .iter()
            .rev()
            .filter(|message| {
                is_in_time
                    && query.is_from(&message.sender.name)
                    && query.is_within(chat_name(message.chat_id))
                    && query.find_in(&message.content).is_some()
            })
            .map(|message| message.id)
            .collect();
        assert_eq!(world.search(world.alice, typed).await, expected, "{typed:?}");
        hits += expected.len();
    }
    assert!(hits > 200, "{hits}");
}

pub async fn who_may_not_read_a_message_does_not_find_it(world: World) {
    let store = &world.store;
    let group = world.new_chat(&[world.alice, world.bob], Some("Trip")).await.0;
    let before = world.say(group, world.alice, "secret plan").await.id;
    let hide = Change::Update { title: None, status: None, hides_past: Some(true) };
    world.event(group, world.alice, hide).await;
    world.event(group, world.alice, Change::Join { user: world.carol }).await;
    let after = world.say(group, world.alice, "secret place").await.id;
    let pair = world.pair().await;
    let between = world.say(pair, world.bob, "secret love").await.id;
    world.index().await;
    assert_eq!(world.search(world.alice, "secret").await, [between, after, before]);
    assert_eq!(world.search(world.carol, "secret").await, [after], "who came later");
    assert_eq!(world.search(world.carol, "from:alice").await, [after], "without the index too");

    // Blocked: the group is as the history shows it, and the pair's history stays.
    store.block(world.bob, world.alice).await.unwrap().unwrap();
    assert_eq!(world.search(world.bob, "secret").await, [between, after, before]);
    store.delete_chat(world.bob, pair).await.unwrap().unwrap();
    assert_eq!(world.search(world.bob, "secret").await, [after, before], "their own copy is removed");
    assert_eq!(world.search(world.alice, "secret").await, [between, after, before]);
    world.event(group, world.alice, Change::Remove { user: world.carol }).await;
    assert_eq!(world.search(world.carol, "secret").await, []);
    world.event(group, world.bob, Change::Leave).await;
    assert_eq!(world.search(world.bob, "secret").await, []);
    assert!(world.found(world.alice, "secret", None).await.hits.iter().all(|hit| hit.sender.email.is_none()));
}

pub async fn a_search_finds_messages_as_they_stand_now(world: World) {
    let chat = world.group().await;
    let [edited, deleted, early] = [
        world.say(chat, world.alice, "yellow").await,
        world.say(chat, world.alice, "green").await,
        world.say(chat, world.alice, "old").await,
    ]
    .map(|message| message.id);
    let edit = |id, text: &str| Change::Edit {
        id,
        text: causerie_protocol::MessageText::new(text).unwrap(),
        sent_since: None,
        plain: false,
    };
    // Before it is indexed.
    world.event(chat, world.alice, edit(early, "early")).await;
    world.index().await;
    for (query, expected) in [("yellow", edited), ("green", deleted), ("early", early)] {
        assert_eq!(world.search(world.bob, query).await, [expected], "{query}");
    }
    assert_eq!(world.search(world.bob, "old").await, []);
    world.event(chat, world.alice, edit(edited, "violet")).await;
    world.event(chat, world.alice, Change::Delete { id: deleted }).await;
    // At once, before the index has heard of it.
    assert_eq!(world.search(world.bob, "yellow").await, []);
    assert_eq!(world.search(world.bob, "green").await, []);
    world.event(chat, world.alice, edit(edited, "blue")).await;
    world.index().await;
    for gone in ["yellow", "green", "violet"] {
        assert_eq!(world.search(world.bob, gone).await, [], "{gone}");
    }
    assert_eq!(world.search(world.bob, "blue").await, [edited]);
    world.store.delete_chat(world.alice, chat).await.unwrap().unwrap();
    world.index().await;
    assert_eq!(world.search(world.alice, "blue").await, []);
    assert!(world.store.shed_deleted().await.unwrap());
}

pub async fn what_is_erased_with_an_account_is_found_no_more(world: World) {
    let chat = world.group().await;
    let id = world.say(chat, world.bob, "farewell").await.id;
    world.index().await;
    assert_eq!(world.search(world.alice, "farewell").await, [id]);
    let delete = AccountChange::Delete { erase: true };
    world.store.change_account(Actor::Operator, world.bob, delete).await.unwrap().unwrap();
    world.event(chat, world.bob, Change::Erase { id }).await;
    assert_eq!(world.search(world.alice, "farewell").await, []);
    world.index().await;
    assert_eq!(world.search(world.alice, "farewell").await, []);
}

pub async fn what_is_found_comes_newest_first_in_pages_that_join(world: World) {
    let chat = world.group().await;
    let batch: Vec<Append> = (0..2 * limits::SEARCH_HITS + 20)
        .map(|at| Append { actor: world.alice, chat, change: message(&format!("word {at}"), None) })
        .collect();
    world.store.append(&batch).await.unwrap();
    world.index().await;
    for query in ["word", "from:alice"] {
        let mut pages = Vec::new();
        let mut before = None;
        loop {
            let found = world.found(world.bob, query, before).await;
            pages.push(found.hits.iter().map(|hit| hit.seq.0).collect::<Vec<_>>());
            before = found.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(
            pages.iter().map(Vec::len).collect::<Vec<_>>(),
            [limits::SEARCH_HITS, limits::SEARCH_HITS, 20]
        );
        assert!(pages.concat().into_iter().eq((1..=batch.len() as u64).rev()), "{query}");
    }
}

pub async fn a_long_text_is_found_by_its_last_words(world: World) {
    let chat = world.group().await;
    let long = format!("{} 成语", "哈".repeat(5_000));
    let chinese = world.say(chat, world.alice, &long).await.id;
    let repeated = world.say(chat, world.alice, &format!("{} the very end", "so ".repeat(4_000))).await.id;
    let endless = world.say(chat, world.alice, &"x".repeat(10_000)).await.id;
    world.index().await;
    assert_eq!(world.search(world.bob, "成语").await, [chinese]);
    assert_eq!(world.search(world.bob, "\"哈成语\"").await, [chinese]);
    assert_eq!(world.search(world.bob, "\"so the very end\"").await, [repeated]);
    assert_eq!(world.search(world.bob, "\"so so end\"").await, []);
    assert_eq!(world.search(world.bob, &"x".repeat(900)).await, [endless]);
    let found = world.found(world.bob, "end", None).await;
    let shown: usize = found.hits[0].excerpt.iter().map(|piece| piece.text.chars().count()).sum();
    assert!(shown <= limits::SEARCH_EXCERPT_CHARS + 2, "{shown}");
}

pub async fn indexing_goes_on_where_it_ended(world: World) {
    let chat = world.group().await;
    let batch: Vec<Append> = (0..700)
        .map(|at| Append { actor: world.alice, chat, change: message(&format!("w{at}"), None) })
        .collect();
    world.store.append(&batch).await.unwrap();
    assert!(world.found(world.bob, "w699", None).await.indexing);
    let first = world.store.index_messages().await.unwrap();
    let second = world.store.index_messages().await.unwrap();
    assert!(first.written > 0 && second.written > 0 && second.left < first.left, "{first:?} {second:?}");
    assert!(second.written < 700, "a step is bounded");
    // What comes meanwhile is not behind what is old.
    world.say(chat, world.bob, "news").await;
    world.store.index_messages().await.unwrap();
    assert_eq!(world.search(world.alice, "news").await.len(), 1);
    assert_eq!(world.index().await.left, 0);
    for (query, count) in [("w0", 1), ("w350", 1), ("w699", 1), ("w6*", 50)] {
        let found = world.found(world.bob, query, None).await;
        assert_eq!((found.hits.len(), found.indexing), (count, false), "{query}");
    }
}
