// What agents ordinarily say and are told, made with a seed: prose, code, tool results, tables, logs,
// links, numbers of every kind. No secret and no personal data is among it.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace edgespan::testing {

class OrdinaryMessages {
 public:
  explicit OrdinaryMessages(uint32_t seed) : random_(seed) {}

  std::string Next() {
    std::string text;
    const uint32_t parts = 1 + Up(4);
    for (uint32_t i = 0; i < parts; ++i) text += Part() + (Up(3) ? "\n" : "\n\n");
    return text;
  }

 private:
  uint32_t Up(uint32_t n) { return static_cast<uint32_t>(random_() % n); }
  template <size_t n>
  std::string Of(const char* const (&list)[n]) {
    return list[Up(n)];
  }
  std::string Hex(int n) {
    std::string text;
    while (n-- > 0) text += "0123456789abcdef"[Up(16)];
    return text;
  }
  std::string Digits(int n) {
    std::string text = std::to_string(1 + Up(9));
    while (--n > 0) text += static_cast<char>('0' + Up(10));
    return text;
  }
  std::string Mixed(int n) {
    std::string text;
    while (n-- > 0)
      text += "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"[Up(62)];
    return text;
  }
  std::string Date() { return "2026-0" + Digits(1) + "-1" + std::to_string(Up(10)); }

  std::string Word() {
    constexpr const char* kWords[] = {"the",
                                      "agent",
                                      "answers",
                                      "with",
                                      "a",
                                      "table",
                                      "of",
                                      "trains",
                                      "from",
                                      "Porto",
                                      "to",
                                      "Madrid",
                                      "and",
                                      "note",
                                      "that",
                                      "seat",
                                      "prices",
                                      "rise",
                                      "after",
                                      "Thursday",
                                      "please",
                                      "book",
                                      "early",
                                      "because",
                                      "query",
                                      "for",
                                      "hotels",
                                      "near",
                                      "station",
                                      "gave",
                                      "twelve",
                                      "results",
                                      "which",
                                      "three",
                                      "allow",
                                      "pets",
                                      "tokens",
                                      "keys",
                                      "API",
                                      "session",
                                      "signature",
                                      "code",
                                      "email",
                                      "phone",
                                      "card",
                                      "account",
                                      "internationalization",
                                      "state-of-the-art",
                                      "machine-readable",
                                      "user_id",
                                      "max_output_tokens",
                                      "façade",
                                      "Zürich",
                                      "旅行",
                                      "予約",
                                      "билет",
                                      "🚆",
                                      "señor",
                                      "don't",
                                      "it's",
                                      "e.g.",
                                      "i.e.",
                                      "risk-adjusted",
                                      "task-oriented-dialogue-management",
                                      "Python3",
                                      "GPT-4o",
                                      "claude-3-5-sonnet-20241022",
                                      "gpt-4o-mini-2024-07-18",
                                      "text-embedding-3-large",
                                      "llama-3.1-405b-instruct-fp8"};
    return Of(kWords);
  }
  // What is said about secrets without saying one.
  std::string Advice() {
    constexpr const char* kAdvice[] = {
        "To reset your password: open the settings, choose Security and follow the link. ",
        "The password must have at least 12 characters, one digit and one symbol. ",
        "Password: required. Token: optional. ",
        "Each token: a piece of a word, about four letters long. ",
        "Send the header Authorization: Bearer <token> with every request. ",
        "Use bearer tokens or basic authentication; both are documented-in-the-reference. ",
        "A cookie: small text that the browser keeps. Cookies: see the policy. ",
        "Key: value pairs are sorted by key. The key = column 3. ",
        "key takeaways: prices rise, supply falls; key figures: 12, 14 and 16. ",
        "The secret: use butter. The secret ingredient = patience. ",
        "Set API_KEY=<your key> and PASSWORD=${DB_PASSWORD} before the start. ",
        "max_tokens=4096, top_k=40, total_tokens: 12345, promptTokens=1234567890123456 ",
        "Refresh: every 30 seconds. Auth: none. Session: 45 minutes. ",
        "The API key: where do I find it? In the dashboard, under Keys. ",
        "Your access token: it expires after 3600 seconds. ",
        "The sort key: created_at; the partition key: tenant-2026-eu-west. ",
        "primary key: id, foreign key: order_id, public key: see below ",
        "Basic understanding-of-machine-learning helps; bearer of good-news-everyone-2026. ",
        "The credentials: ask your administrator for them. ",
        "Authorization: granted by the owner of the workspace. "};
    return Of(kAdvice);
  }
  std::string Prose() {
    std::string text;
    if (Up(4) == 0) text = Advice();
    for (uint32_t n = 5 + Up(60); n > 0; --n) {
      text += Word() + (Up(12) == 0   ? ". "
                        : Up(12) == 0 ? ", "
                        : Up(30) == 0 ? ": "
                        : Up(60) == 0 ? " = "
                                      : " ");
    }
    return text;
  }
  std::string Number() {
    switch (Up(16)) {
      case 0:
        return Digits(1 + static_cast<int>(Up(9)));
      case 1:
        return "$" + Digits(3) + "." + Digits(2);
      case 2:
        return Digits(1) + "," + Digits(3) + "," + Digits(3) + ".50";
      case 3:
        return "0." + Digits(16);
      case 4:
        return "17636" + Digits(8);  // milliseconds
      case 5:
        return "17636" + Digits(14);  // nanoseconds
      case 6:
        return Date() + "T1" + Digits(1) + ":0" + Digits(1) + ":00.000Z";
      case 7:
        return Date() + " 10:30";
      case 8:
        return Digits(2) + "%";
      case 9:
        return "v" + Digits(1) + "." + Digits(2) + "." + Digits(1) + "-beta." + Digits(1);
      case 10:
        return "192.168." + std::to_string(Up(256)) + "." + std::to_string(Up(256));
      case 11:
        return "#" + Digits(6);
      case 12:
        return Digits(4) + "x" + Digits(4);
      case 13:
        return "-" + Digits(2) + "." + Digits(6) + ", " + Digits(2) + "." + Digits(6);
      case 14:
        return "ORD-2026-" + Digits(6);
      default:
        return Digits(2) + "/" + Digits(2) + "/2026";
    }
  }
  std::string Id() {
    switch (Up(12)) {
      case 0:
        return Hex(8) + "-" + Hex(4) + "-4" + Hex(3) + "-8" + Hex(3) + "-" + Hex(12);
      case 1:
        return "chatcmpl-" + Mixed(29);
      case 2:
        return "call_" + Mixed(24);
      case 3:
        return "toolu_01" + Mixed(22);
      case 4:
        return "msg_" + Hex(24);
      case 5:
        return Hex(40);
      case 6:
        return "sha256:" + Hex(64);
      case 7:
        return "thread-" + Hex(24);
      case 8:
        return "arn:aws:s3:::bucket-" + Hex(6) + "/path/file.json";
      case 9:
        return "run_" + Mixed(20) + "_step_2";
      case 10:
        return "req_" + Hex(32);
      default:
        return "resp_" + Hex(48);
    }
  }
  std::string Link() {
    switch (Up(9)) {
      case 0:
        return "https://example.com/docs/" + Word() + "?page=2&sort=price&q=hotel+porto";
      case 1:
        return "https://www.youtube.com/watch?v=" + Mixed(11) + "&t=42s";
      case 2:
        return "[the docs](https://docs.example.org/guide#section-" + Digits(2) + ")";
      case 3:
        return "https://github.com/mastra-ai/mastra/blob/" + Hex(40) + "/README.md#L10-L20";
      case 4:
        return "http://localhost:3000/api/agents/travel-agent/generate";
      case 5:
        return "https://unpkg.com/react@18.2.0/umd/react.production.min.js";
      case 6:
        return "https://medium.com/@someone/an-article-about-" + Word() + "-" + Hex(12);
      case 7:
        return "git@github.com:mastra-ai/mastra.git";
      default:
        return "s3://bucket/prefix/2026/11/20/part-00000-" + Hex(8) + ".snappy.parquet";
    }
  }
  std::string Code() {
    constexpr const char* kCode[] = {
        "```ts\nconst agent = new Agent({ name: 'travel', model: openai('gpt-4o-mini') });\n```",
        "```py\nfor i, (key, value) in enumerate(sorted(items.items())):\n    print(f\"{key}: "
        "{value}\")\n```",
        "```sql\nSELECT id, count(*) AS n FROM orders WHERE created_at >= '2026-01-01' GROUP BY "
        "id;\n```",
        "```sh\nnpm install @mastra/core@1.71.0 ai@7 hono && node --test "
        "\"tests/**/*.test.ts\"\n```",
        "```go\nif err := json.NewDecoder(r.Body).Decode(&req); err != nil { return err }\n```",
        "```ts\nconst token = await getToken(); headers.set('authorization', `Bearer "
        "${token}`);\n```",
        "```ts\nfunction login(user: string, password: string): Promise<Session> { return "
        "api.login(user, password); }\n```",
        "```css\n.card { color: #ff8800; margin: 0 auto; width: calc(100% - 2rem); }\n```",
        "```html\n<input type=\"password\" name=\"q\" placeholder=\"Search\" value=\"\">\n```",
        "```rust\nlet key = map.get(&name).expect(\"a value\"); println!(\"{:?}\", key);\n```",
        "```yaml\non:\n  push:\n    branches: [main]\njobs:\n  build:\n    runs-on: "
        "ubuntu-24.04\n```",
        "The regex is `^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+$` and matches most.",
        "Set `OPENAI_API_KEY` in the environment, then run `export OPENAI_API_KEY=$(cat key.txt)`.",
        "@Component({ selector: 'app-root' }) export class AppComponent { @Input() name = ''; }",
        "E = mc^2; f(x) = 3x + 12; P(A|B) = P(B|A) * P(A) / P(B)",
        "int main(int argc, char** argv) { return argc == 2 ? std::atoi(argv[1]) : 0; }"};
    return Of(kCode);
  }
  std::string Json() {
    switch (Up(6)) {
      case 0:
        return "{\"from\":\"Porto\",\"to\":\"Madrid\",\"limit\":" + Digits(2) + ",\"id\":\"" +
               Id() + "\"}";
      case 1:
        return "{\"usage\":{\"promptTokens\":" + Digits(4) + ",\"completionTokens\":" + Digits(3) +
               ",\"totalTokens\":" + Digits(4) + "},\"finishReason\":\"stop\"}";
      case 2:
        return "[{\"title\":\"" + Prose() + "\",\"score\":0." + Digits(16) +
               ",\"chunk\":" + Digits(2) + "}]";
      case 3:
        return "{\"role\":\"tool\",\"content\":\"{\\\"result\\\":\\\"" + Word() + "\\\\n" + Word() +
               "\\\",\\\"at\\\":" + "17636" + Digits(8) + "}\"}";
      case 4:
        return "{\"embedding\":[0." + Digits(17) + ",-0." + Digits(16) + ",0." + Digits(15) + "]}";
      default:
        return "{\"url\":\"" + Link() +
               "\",\"status\":200,\"ok\":true,\"tags\":[\"prod\",\"travel\"]}";
    }
  }
  std::string Table() {
    std::string text = "| train | from | price | code |\n|-------|------|------:|------|\n";
    for (uint32_t n = 1 + Up(6); n > 0; --n) {
      text += "| " + Word() + " | 1" + Digits(1) + ":30 | " + Number() + " | " + Digits(4) + " |\n";
    }
    return text;
  }
  std::string Log() {
    return Date() + "T10:00:00.123Z INFO  [worker-" + Digits(1) + "] request id=" + Id() +
           " status=200 took=" + Digits(3) + "ms path=/api/" + Word() +
           "\n    at async step (worker.js:7:" + Digits(4) + ")";
  }

  std::string Part() {
    switch (Up(12)) {
      case 0:
        return Code();
      case 1:
        return Json();
      case 2:
        return Table();
      case 3:
        return Log();
      case 4:
        return "- " + Prose() + "\n- " + Link() + "\n- " + Number();
      case 5:
        return Prose() + Link() + " " + Prose();
      case 6:
        return Prose() + Id() + " " + Prose();
      case 7:
        return Prose() + Number() + " " + Number() + " " + Prose();
      case 8:
        return "## " + Word() + "\n\n1. " + Prose() + "\n2. " + Number() + " " + Word();
      default:
        return Prose();
    }
  }

  std::mt19937 random_;
};

}  // namespace edgespan::testing
