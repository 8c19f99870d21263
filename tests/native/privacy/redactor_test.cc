// Redactor: what it finds in plain text, what it leaves alone, and what it writes instead.
#include "edgespan/privacy/redactor.h"

#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include "tests/support/redactor_lab.h"

namespace edgespan {
namespace {

using testing::RedactorLab;

struct Case {
  const char* text;
  const char* left;
};

void Check(const RedactionPolicy& policy, std::initializer_list<Case> cases) {
  RedactorLab redact(policy);
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK(redact(c.text) == c.left);
    CHECK(redact.changed() == (std::string(c.text) != c.left));
  }
}

TEST_CASE("redactor: tokens") {
  Check(
      {},
      {
          {"my key is sk-proj-abcdefGHIJ1234567890abcd.", "my key is [REDACTED:api-key]."},
          {"AKIAIOSFODNN7EXAMPLE", "[REDACTED:api-key]"},
          {"(AKIAIOSFODNN7EXAMPLE)", "([REDACTED:api-key])"},
          // The secret of such a key has no mark, but stands near it.
          {"AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
           "[REDACTED:api-key] [REDACTED:api-key]"},
          {"a\\nghp_abcdefghijklmnopqrstuvwxyz0123456789\\n", "a\\n[REDACTED:api-key]\\n"},
          {"\xe9\x8d\xb5ghp_abcdefghijklmnopqrstuvwxyz0123456789",
           "\xe9\x8d\xb5[REDACTED:api-key]"},
          {"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
           "[REDACTED:jwt]"},
          {"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0. Next", "[REDACTED:jwt]. Next"},
          // Encrypted, with a key that was agreed on: the second part is empty.
          {"eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..Zm9vYmFyYmF6cXV4.aGVsbG8gd29ybGQ.dGFnZ3RhZ2c",
           "[REDACTED:jwt]"},
          // A secret that has a slash near its begin, and a full stop behind it.
          {"AKIAIOSFODNN7EXAMPLE, wJal/XUtnFEMIaK7MDENGabPxRfiCYEXAMPLEKEY.",
           "[REDACTED:api-key], [REDACTED:api-key]."},
          // A terminal's colours.
          {"\x1b[1;31mghp_abcdefghijklmnopqrstuvwxyz0123456789\x1b[0m",
           "\x1b[1;31m[REDACTED:api-key]\x1b[0m"},
          {"\\u001b[32mAKIAIOSFODNN7EXAMPLE\\u001b[0m", "\\u001b[32m[REDACTED:api-key]\\u001b[0m"},
          // A backslash that begins no escape, and one that does behind one.
          {R"(C:\keys\sk-proj-abcdefGHIJ1234567890abcd)", R"(C:\keys\[REDACTED:api-key])"},
          {R"(a\sk-proj-abcdefGHIJ1234567890abcd)", R"(a\[REDACTED:api-key])"},
          {R"(a\\nghp_abcdefghijklmnopqrstuvwxyz0123456789)", R"(a\\n[REDACTED:api-key])"},
      });
}

TEST_CASE("redactor: no tokens") {
  for (const char* text : {"sk-learn and sk-proj are names",
                           "risk-averse-portfolio-manager-2024-edition",
                           "AKIA is a prefix; AKIATOOSHORT12",
                           "ghp_short",
                           "xAKIAIOSFODNN7EXAMPLE",
                           "eyJhbGciOiJIUzI1NiJ9",
                           "task-abcdefghijklmnopqrstuvwxyz0123",
                           "SG.short.x",
                           "550e8400-e29b-41d4-a716-446655440000",
                           "d41d8cd98f00b204e9800998ecf8427e",
                           "chatcmpl-9a8b7c6d5e4f3a2b1c0d9e8f",
                           "call_a1b2c3d4e5f6a7b8c9d0",
                           "toolu_01A09q90qw90lq917835lq9",
                           "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg",
                           "Bearer authentication-is-not-supported",
                           "Basic troubleshooting-information",
                           "hf_hub_download_a_file_from_a_repository",
                           "ACCOUNT_MANAGEMENT_SERVICE_ENDPOINT_URL",
                           "npm_config_registry_default_value_is_set",
                           "re_authenticate_oauth2_session_of_user",
                           "eyJhbGciOiJIUzI1NiJ9... and so on it continues",
                           "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"}) {
    INFO(text);
    RedactorLab redact;
    CHECK(redact(text) == text);
  }
}

TEST_CASE("redactor: credentials in headers, URLs and settings") {
  Check({}, {
                {"Authorization: Bearer abcdef1234567890",
                 "Authorization: Bearer [REDACTED:credential]"},
                {"authorization: Basic dXNlcjpwYXNz", "authorization: Basic [REDACTED:credential]"},
                {"-H 'Authorization: Bearer abcdef1234567890' -X GET",
                 "-H 'Authorization: Bearer [REDACTED:credential]' -X GET"},
                {"Cookie: a=b; sid=123; theme=dark\nHost: x", "Cookie: [REDACTED:cookie]\nHost: x"},
                {"x-api-key: 0123456789abcdef", "x-api-key: [REDACTED:key]"},
                {"postgres://admin:s3cr3t@db.internal:5432/x?a=b",
                 "postgres://[REDACTED:credential]@db.internal:5432/x?a=b"},
                {"Server=db;Uid=sa;Pwd=hunter2!;Encrypt=no",
                 "Server=db;Uid=sa;Pwd=[REDACTED:key];Encrypt=no"},
                {"amqp://u:pa/ss@host", "amqp://[REDACTED:credential]@host"},
                {"https://a.b/v1?token=abc&q=hello&sig=Z#x",
                 "https://a.b/v1?token=[REDACTED:key]&q=hello&sig=[REDACTED:key]"},
                {"OPENAI_API_KEY=abcd1234", "OPENAI_API_KEY=[REDACTED:key]"},
                {"api key: abcdef123 ok", "api key: [REDACTED:key] ok"},
                {"password = \"correct horse\";", "password = \"[REDACTED:key]\";"},
                {"{'password': 'hunter2'}", "{'password': '[REDACTED:key]'}"},
                {"logged {\\\"password\\\": \\\"hunter2\\\"} twice",
                 "logged {\\\"password\\\": \\\"[REDACTED:key]\\\"} twice"},
                {"-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA75q7Zx\nabc=\n-----END RSA "
                 "PRIVATE KEY----- tail",
                 "[REDACTED:private-key] tail"},
                {"-----BEGIN PRIVATE KEY-----\\nMIIEpAIBAAKCAQEA75q7Zx\\nMIIEpAIBAA",
                 "[REDACTED:private-key]"},
                {"-----BEGIN EC PRIVATE KEY-----\nMIIEpAIBAA\n-----END EC \xc3\xa9\xc3\xa9",
                 "[REDACTED:private-key]\xc3\xa9\xc3\xa9"},
                // In columns, and behind a name in brackets.
                {"db_password      = \"hunter2\"", "db_password      = \"[REDACTED:key]\""},
                {"password:\t\t   hunter2", "password:\t\t   [REDACTED:key]"},
                {"os.environ[\"OPENAI_API_KEY\"] = \"abc123def\"",
                 "os.environ[\"OPENAI_API_KEY\"] = \"[REDACTED:key]\""},
                {"[password] => hunter2", "[password] => [REDACTED:key]"},
                // The first of the cookies is empty, compressed, or percent-encoded.
                {"Cookie: a=; sid=abcdef123456\nHost: x", "Cookie: [REDACTED:cookie]\nHost: x"},
                {"Cookie: session=.eJwlzjkOwjAQ; sid=abcdef", "Cookie: [REDACTED:cookie]"},
                {"Cookie: prefs=%7B%22a%22%3A1; sid=abcdef", "Cookie: [REDACTED:cookie]"},
            });
  for (const char* text : {"https://host:8080/a@b",
                           "http://[::1]:80/x",
                           "ssh://git@github.com/x.git",
                           "const password = getPassword();",
                           "password=${PASSWORD}",
                           "Passwords: use a good one",
                           "token: count of words",
                           "max_tokens=12345678901234",
                           "key: the value behind it",
                           "if (password == other) {",
                           "Authorization: ask your administrator",
                           "cookie: a small file",
                           "https://shop.internal/?q=shoes&page=2&sort=price",
                           "the secret: patience",
                           "git@github.com:org/repo.git",
                           "HOME=/root\nPWD=/srv/app\n",
                           "std::string::npos",
                           "a::b::c",
                           "fetch(url, { credentials: 'include' })",
                           "credentials: \"same-origin\"",
                           "FROM docker://node:18@sha256:2bd3c1a5f0",
                           "12:30:45"}) {
    INFO(text);
    RedactorLab redact;
    CHECK(redact(text) == text);
  }
}

TEST_CASE("redactor: private keys between other things") {
  const std::string line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7";
  const std::string begin = "-----BEGIN PRIVATE KEY-----";
  const std::string end = "-----END PRIVATE KEY-----";
  const std::string key = begin + "\n" + line + "\n" + end;
  const std::pair<std::string, std::string> cases[] = {
      // All lines of a setting's value.
      {"PRIVATE_KEY=\"" + key + "\"\nA=b", "PRIVATE_KEY=\"[REDACTED:key]\"\nA=b"},
      {"PRIVATE_KEY=" + key + "\nA=b", "PRIVATE_KEY=[REDACTED:key]\nA=b"},
      // Behind a line without a line feed, and behind escaped ones.
      {"-----END CERTIFICATE-----" + key, "-----END CERTIFICATE-----[REDACTED:private-key]"},
      {"x\\\\n" + begin + "\\\\n" + line + "\\\\n" + end, "x\\\\n[REDACTED:private-key]"},
      // With margins: numbers of lines, quoted mail, strings of code.
      {" 1\xe2\x86\x92" + begin + "\n 2\xe2\x86\x92" + line + "\n 3\xe2\x86\x92" + end + "\n 4",
       " 1\xe2\x86\x92[REDACTED:private-key]\n 4"},
      {"> " + begin + "\n> " + line + "\n> " + end, "> [REDACTED:private-key]"},
      {"x = \"" + begin + "\\n\" +\n  \"" + line + "\\n\" +\n  \"" + end + "\";",
       "x = \"[REDACTED:private-key]\";"},
      {"-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2.0.22 (GNU/Linux)\n\n" + line +
           "\n=abcd\n-----END PGP PRIVATE KEY BLOCK-----",
       "[REDACTED:private-key]"},
      // What is only spoken of takes little with it.
      {"It begins with " + begin + " and then \"base64\" follows, as always",
       "It begins with [REDACTED:private-key] then \"base64\" follows, as always"},
  };
  for (const auto& [text, left] : cases) Check({}, {{text.c_str(), left.c_str()}});
}

TEST_CASE("redactor: personal data") {
  Check({},
        {
            {"Mail john.doe+tag@example.co.uk, please", "Mail [REDACTED:email], please"},
            {"<a@b.io>", "<[REDACTED:email]>"},
            {"+33 6 12 34 56 78 or +15551234567", "[REDACTED:phone] or [REDACTED:phone]"},
            {"call (555) 234-4567 or 555.234.4567", "call [REDACTED:phone] or [REDACTED:phone]"},
            {"020 7946 0958", "[REDACTED:phone]"},
            // Another number behind it is none of it.
            {"+1 555 234 4567 20260101", "[REDACTED:phone] 20260101"},
            {"+4915112345678 2026-11-20 10:30", "[REDACTED:phone] 2026-11-20 10:30"},
            {"555-234-4567 2026-11-20", "[REDACTED:phone] 2026-11-20"},
            {"(555) 234-4567 10 times", "[REDACTED:phone] 10 times"},
            {"DE89 3704 0044 0532 0130 00.", "[REDACTED:iban]."},
            {"(DE89 3704 0044 0532 0130 00)", "([REDACTED:iban])"},
            {"GB29 NWBK 6016 1331 9268 19 BIC", "[REDACTED:iban] BIC"},
            {"NO9386011117947", "[REDACTED:iban]"},
            {"4111 1111 1111 1111", "[REDACTED:card]"},
            {"item 12 5555-5555-5555-4444 x", "item 12 [REDACTED:card] x"},
            {"378282246310005", "[REDACTED:card]"},
            {"3782 822463 10005", "[REDACTED:card]"},
            {"card=4111111111111111;", "card=[REDACTED:card];"},
        });
  for (const char* text : {"4111 1111 1111 1112",
                           "4111111111111112",
                           "0.4111111111111111",
                           "1763625600000",
                           "1763625600000000000",
                           "DE89 3704 0044 0532 0130 01",
                           "2026-11-20 10:30:00",
                           "01-02-2026",
                           "v1.2.3-beta.4",
                           "192.168.100.200",
                           "1,234,567.89",
                           "512 x 256 x 1024",
                           "+1",
                           "a+12345678901",
                           "react@18.2.0",
                           "@mastra/core@1.71.0",
                           "icon@2x.png",
                           "user@localhost",
                           "this@Main.binding",
                           "100-200-300",
                           "312 456 7890 12",
                           "312-456-7890-12",
                           "123-45-6789",
                           "ISO 9001:2015",
                           "3.14159265358979"}) {
    INFO(text);
    RedactorLab redact;
    CHECK(redact(text) == text);
  }
}

TEST_CASE("redactor: national ids are an option") {
  RedactionPolicy policy;
  policy.actions[static_cast<uint32_t>(Finding::kNationalId)] = Redaction::kMask;
  Check(policy, {{"SSN 123-45-6789.", "SSN [REDACTED:id]."},
                 {"000-45-6789 and 666-45-6789", "000-45-6789 and 666-45-6789"}});
}

TEST_CASE("redactor: what stands instead") {
  const auto all = [](Redaction redaction) {
    RedactionPolicy policy;
    for (Redaction& action : policy.actions) action = redaction;
    policy.hash_key = "key";
    return policy;
  };
  Check(all(Redaction::kRemove), {{"card 4111 1111 1111 1111!", "card !"},
                                  {R"({"token":"x","a":1})", R"({"token":"","a":1})"}});
  Check(all(Redaction::kPartial), {{"card 4111111111111111!", "card [REDACTED:card:*1111]!"},
                                   {"a@b.io", "[REDACTED:email]"}});
  Check(all(Redaction::kKeep), {{"4111111111111111 a@b.io token=abcdefgh12345678",
                                 "4111111111111111 a@b.io token=abcdefgh12345678"},
                                {R"({"password":"x"})", R"({"password":"x"})"}});
  // HMAC-SHA-256("key", "a@b.io"), by another implementation.
  RedactorLab hash(all(Redaction::kHash));
  const std::string one = hash("a@b.io");
  CHECK(one == "[REDACTED:email:0ee4938109927ca1]");
  CHECK(hash("x a@b.io y a@b.io") == "x " + one + " y " + one);
  CHECK(hash("{\"x\":\"\\u0061@b.io\"}") == "{\"x\":\"" + one + "\"}");
  CHECK(hash("c@b.io") != one);
  // Without a key nothing is told that a dictionary could tell.
  RedactionPolicy keyless = all(Redaction::kHash);
  keyless.hash_key = {};
  Check(keyless, {{"a@b.io", "[REDACTED:email]"}});
}

TEST_CASE("redactor: sensitive keys") {
  RedactionPolicy policy;
  policy.keys = " tenantname";
  RedactorLab lab(policy);
  // Mastra's SensitiveDataFilter (its default list), then others.
  for (const char* name : {"password",
                           "token",
                           "secret",
                           "key",
                           "apikey",
                           "auth",
                           "authorization",
                           "bearer",
                           "bearertoken",
                           "jwt",
                           "credential",
                           "clientsecret",
                           "privatekey",
                           "refresh",
                           "ssn",
                           "apiKey",
                           "api-key",
                           "API_KEY",
                           "Api Key",
                           "dbPassword",
                           "openai_api_key",
                           "x-api-key",
                           "Set-Cookie",
                           "proxy-authorization",
                           "awsSecretAccessKey",
                           "tenant_name"}) {
    INFO(name);
    CHECK(lab.redactor().IsSensitiveKey(name));
  }
  for (const char* name : {"promptTokens", "monkey", "keyboard", "tokens", "author", "authority",
                           "refreshRate", "name", "", "id", "code", "signature", "primaryKeyboard",
                           "a_rather_long_name_that_ends_with_no_such_word"}) {
    INFO(name);
    CHECK_FALSE(lab.redactor().IsSensitiveKey(name));
  }
}

TEST_CASE("redactor: content") {
  RedactionPolicy policy;
  policy.hash_key = "key";
  RedactorLab lab(policy);
  const auto hashed = [&](std::string_view text) {
    Buffer out;
    REQUIRE(out.Init(&lab.arena(), 64));
    lab.redactor().AppendContentDigest(text, &out);
    std::string result(reinterpret_cast<const char*>(out.data()), out.size());
    out.Discard();
    return result;
  };
  CHECK(hashed("hello").starts_with("[CONTENT:"));
  CHECK(hashed("hello") == hashed("hello"));
  CHECK(hashed("hello") != hashed("hellp"));
}

TEST_CASE("redactor: of a text that was clean, only that very text is known to be clean") {
  const std::string mail = "a@b.io";
  for (size_t bytes = 1; bytes <= 48; ++bytes) {
    RedactorLab redact;
    const std::string clean = std::string(bytes, 'x');
    CHECK(redact(clean) == clean);
    CHECK(redact.redactor().IsClean(clean) == (bytes >= 8 && bytes <= 40));
    // A byte more, a byte less, and at any place a secret or another byte.
    CHECK(!redact.redactor().IsClean(clean + "x"));
    CHECK(!redact.redactor().IsClean(clean.substr(1)));
    for (size_t at = 0; at < bytes; ++at) {
      std::string other = clean;
      other[at] = 'y';
      CHECK(!redact.redactor().IsClean(other));
      if (at + mail.size() > bytes) continue;
      other = clean;
      other.replace(at, mail.size(), mail);
      CHECK(redact(other).find(mail) == std::string::npos);
      CHECK(!redact.redactor().IsClean(other));
    }
    CHECK(redact(clean) == clean);
    CHECK((redact.redactor().found() > 0) == (bytes >= mail.size()));
  }
}

TEST_CASE("redactor: without memory a value is withheld, and counted") {
  // Room for the output alone: what strings with escapes mean cannot be had.
  RedactorLab lab({}, 4 * PageArena::kPageSize);
  const std::string text = R"({"plain":"a","x":"line\nline)" + std::string(20000, 'z') + R"("})";
  const std::string left = lab(text);
  CHECK(lab.redactor().withheld() > 0);
  CHECK((lab.failed() || left == R"({"plain":"a","x":"[WITHHELD]"})"));
}

}  // namespace
}  // namespace edgespan
