//! What the command prints for a person, and how it ends when it can't look.

use std::process::Output;

use super::looked::{TokenFile, in_a_chat};
use crate::common::program::{causerie, run};
use crate::common::server::TestServer;

fn printed(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_and_then_the_finding_in_the_persons_language() {
    let server = TestServer::start().await;
    let (_, _, token) = in_a_chat(&server).await;
    let url = server.url("");
    let folder = tempfile::tempdir().unwrap();
    let args = ["doctor", &url, "--token-file", token.path(), "--quick"];
    let output = run(&mut causerie(&folder, &args)).await;
    let (told, log) = printed(&output);
    assert_eq!((output.status.code(), log.as_str()), (Some(0), ""));
    assert!(
        told.contains("✓ Socket opens: ok") && told.contains("– A quiet connection lasts: not checked"),
        "{told}"
    );
    assert!(told.ends_with("\nAll is well. (all_well)\n"), "{told}");
    // Colours are for terminals.
    assert!(!told.contains('\u{1b}'), "{told:?}");

    let (told, _) = printed(&run(causerie(&folder, &["doctor", &url]).env("LANG", "vi_VN.UTF-8")).await);
    assert!(told.contains("✗ Token hợp lệ: lỗi") && told.contains("Cách xử lý:"), "{told}");
    let (told, _) =
        printed(&run(causerie(&folder, &["doctor", &url, "--lang", "en"]).env("LANG", "vi_VN.UTF-8")).await);
    assert!(told.contains("What to do:"), "{told}");
}

#[tokio::test]
async fn what_keeps_it_from_looking_is_one_sentence_and_another_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let given = TokenFile::new("sesame");
    for (args, named) in [
        (&["http://h", "--token-file", "none.txt"][..], "none.txt"),
        (&["http://h", "--token-file", given.path(), "--origin", "not an origin"], "--origin"),
        (&["http://h", "--chat", "many"], "--chat"),
        (&["--chat", "1"], "<URL>"),
        (&["http://h", "--timeout", "0"], "--timeout"),
        (&["http://h", "--colour"], "--colour"),
    ] {
        let output = run(causerie(&folder, &["doctor"]).args(args)).await;
        let (told, sentence) = printed(&output);
        assert_eq!((output.status.code(), told.as_str()), (Some(2), ""), "{args:?}: {sentence}");
        assert!(sentence.starts_with("causerie: ") && sentence.contains(named), "{args:?}: {sentence}");
        assert_eq!(sentence.lines().count(), 1, "{sentence}");
        assert!(!sentence.contains("sesame"), "{sentence}");
    }
}
