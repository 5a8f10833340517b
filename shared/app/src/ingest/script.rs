//! `GET /v1/wend.js`: the script for web pages.
//!
//! One file, served as it stands but for its comments and its indentation: no step of a build makes it, and who looks for what
//! it does can read it.

use std::sync::LazyLock;

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};

const SOURCE: &str = include_str!("wend.js");

/// How long a browser and caches keep it, in seconds: an hour, and for a day the old one serves while a new one is fetched.
const CACHING: &str = "public, max-age=3600, stale-while-revalidate=86400";

/// Whole lines are comments or none: no text in the script holds a line break.
static SCRIPT: LazyLock<Bytes> = LazyLock::new(|| {
    let lines = SOURCE.lines().map(str::trim);
    let code = lines.filter(|line| !line.is_empty() && !line.starts_with("//"));
    let code: Vec<&str> = code.collect();
    Bytes::from(code.join("\n"))
});

/// The script.
pub(super) fn serve(method: &Method) -> Response<Bytes> {
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    let mut response = Response::new(if is_read {
        SCRIPT.clone()
    } else {
        Bytes::new()
    });
    if !is_read {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    }
    for (name, value) in [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, CACHING),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // So that a page may ask for it with `crossorigin`, and with `integrity`.
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a page pays for it, uncompressed.
    const BYTES_MAX: usize = 3 * 1024;

    #[test]
    fn the_script_is_small_and_kept_by_browsers() {
        let answer = serve(&Method::GET);
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(
            answer.headers()[header::CACHE_CONTROL]
                .to_str()
                .unwrap()
                .contains("max-age")
        );
        let script = std::str::from_utf8(answer.body()).unwrap();
        assert!(script.len() <= BYTES_MAX, "{} bytes", script.len());
        for name in ["wend.identify", "wend.track", "wend.page", "wend.reset"] {
            assert!(script.contains(&format!("{name} = function")), "{name}");
        }
        assert_eq!(
            serve(&Method::POST).status(),
            StatusCode::METHOD_NOT_ALLOWED
        );
    }

    #[test]
    fn no_comment_stands_behind_code() {
        let code = SOURCE.lines().map(str::trim);
        let code = code.filter(|line| !line.starts_with("//"));
        for line in code {
            assert!(
                !line.contains("/*") && !line.contains(" // ") && !line.contains('`'),
                "{line}"
            );
        }
    }
}
