#include "auth/base64url.hpp"
#include "auth/openssl_ptr.hpp"
#include "auth/sign.hpp"
#include "auth/token.hpp"

#include <catch2/catch.hpp>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace syncline;
using namespace syncline::relay::auth;

namespace {

constexpr std::int64_t now = 1'700'000'000;
const std::string secret(32, 's');

// RFC 8037, appendix A.1 and A.2.
constexpr auto ed25519_private =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";
constexpr auto ed25519_public =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
    "-----END PUBLIC KEY-----\n";
// RFC 7515, appendix A.3.1.
constexpr auto p256_public =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"
    "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
    "-----END PUBLIC KEY-----\n";
// RFC 7515, appendix A.2.1.
constexpr auto rsa_public =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAofgWCuLjybRlzo0tZWJj\n"
    "NiuSfb4p4fAkd/wWJcyQoTbji9k0l8W26mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEz\n"
    "P1Pt0Bm4d4QlL+yRT+SFd2lZS+pCgNMsD1W/YpRPEwOWvG6b32690r2jZ47soMZo\n"
    "9wGzjb/7OMg0LOL+bSf63kpaSHSXndS5z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTB\n"
    "EMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxX\n"
    "FvUK+DWNmoudF8NAco9/h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXp\n"
    "oQIDAQAB\n"
    "-----END PUBLIC KEY-----\n";

Key hs256(std::string id = "") { return Key::from_secret(std::move(id), as_bytes(secret)).value(); }
Key public_key(Algorithm algorithm, std::string_view pem, std::string id = "") {
    return Key::from_public_pem(algorithm, std::move(id), pem).value();
}
Verifier verifier(std::vector<Key> keys, Requirements requirements = {}) {
    return Verifier::from_keys(std::move(keys), std::move(requirements)).value();
}

/// A signature over any header and claims, however wrong they are.
std::string sign_raw(const std::string& header, const std::string& claims,
                     const std::string& with = secret) {
    // The signer's own header is replaced: its signature comes from signing the parts as one text.
    const std::string input = to_base64url(as_bytes(header)) + '.' + to_base64url(as_bytes(claims));
    std::array<unsigned char, 32> mac{};
    std::size_t mac_bytes = 0;
    EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, with.data(), with.size(),
              bytes_of(input), input.size(), mac.data(), mac.size(), &mac_bytes);
    return input + '.' + to_base64url({reinterpret_cast<const std::byte*>(mac.data()), mac_bytes});
}

const std::string good_header = R"({"alg":"HS256","typ":"JWT"})";
const std::string good_claims = R"({"sub":"alice","exp":1700000900,"spaces":{"team-42":"rw"}})";

/// The good claims with `more` in front.
std::string claims_with(const std::string& more) {
    return '{' + more + ',' + good_claims.substr(1);
}

ErrorCode code_of(const Verifier& v, std::string_view token, std::int64_t at = now) {
    const auto grant = v.verify(token, at);
    REQUIRE_FALSE(grant);
    return grant.error().code;
}

std::string to_pem(EVP_PKEY* key) {
    const OpensslPtr<BIO> out(BIO_new(BIO_s_mem()));
    PEM_write_bio_PUBKEY(out.get(), key);
    char* data = nullptr;
    const long bytes = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<std::size_t>(bytes)};
}

std::string sign_with(EVP_PKEY* key, const std::string& header, const std::string& claims) {
    const std::string input = to_base64url(as_bytes(header)) + '.' + to_base64url(as_bytes(claims));
    const OpensslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
    const EVP_MD* digest = EVP_PKEY_is_a(key, "ED25519") ? nullptr : EVP_sha256();
    REQUIRE(EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key) == 1);
    std::vector<unsigned char> signature(1024);
    std::size_t bytes = signature.size();
    REQUIRE(EVP_DigestSign(context.get(), signature.data(), &bytes, bytes_of(input),
                           input.size()) == 1);
    signature.resize(bytes);
    if (EVP_PKEY_is_a(key, "EC")) {
        const unsigned char* der = signature.data();
        const OpensslPtr<ECDSA_SIG> sig(d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(bytes)));
        signature.assign(64, 0);
        BN_bn2binpad(ECDSA_SIG_get0_r(sig.get()), signature.data(), 32);
        BN_bn2binpad(ECDSA_SIG_get0_s(sig.get()), signature.data() + 32, 32);
    }
    return input + '.' +
           to_base64url({reinterpret_cast<const std::byte*>(signature.data()), signature.size()});
}

class TemporaryFile {
public:
    TemporaryFile(std::string_view content, mode_t mode) {
        std::string name =
            (std::filesystem::temp_directory_path() / "syncline-key-XXXXXX").string();
        const int fd = mkstemp(name.data());
        REQUIRE(fd >= 0);
        REQUIRE(write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
        fchmod(fd, mode);
        ::close(fd);
        path = name;
    }
    ~TemporaryFile() { unlink(path.c_str()); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    std::string path;
};

}  // namespace

TEST_CASE("base64url has one spelling for each text, RFC 4648 section 10", "[auth]") {
    const std::pair<const char*, const char*> vectors[] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
    for (const auto& [text, encoded] : vectors) {
        CHECK(to_base64url(as_bytes(text)) == encoded);
        CHECK(as_text(from_base64url(encoded).value()) == text);
    }
    for (const char* bad : {"Zg==", "Zh", "Zm9", "Z", "Zm9v\n", " Zm9v", "Zm+v", "Zm/v",
                            "Zm9v=", "Zm9vY", "\xc3\xa9Zg"}) {
        CAPTURE(bad);
        CHECK_FALSE(from_base64url(bad));
    }
}

TEST_CASE("the examples of RFC 7515 and RFC 8037 verify", "[auth]") {
    const std::string payload =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cn"
        "VlfQ";
    struct Example {
        const char* section;
        Key key;
        std::string input;
        const char* signature;
    };
    const auto rfc_secret = from_base64url(
                                "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-"
                                "1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
                                .value();
    const std::vector<Example> examples = {
        {"RFC 7515 A.1", Key::from_secret("", rfc_secret).value(),
         "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + payload,
         "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
        {"RFC 7515 A.2", public_key(Algorithm::rs256, rsa_public),
         "eyJhbGciOiJSUzI1NiJ9." + payload,
         "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
         "O8W2Fp5jujGbds9uJdbF"
         "9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"
         "nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383Lc"
         "OLn6_dO--xi12jzDwusC-"
         "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlV"
         "mtVrBp0igcN_IoypGlUPQGe77Rw"},
        {"RFC 7515 A.3", public_key(Algorithm::es256, p256_public),
         "eyJhbGciOiJFUzI1NiJ9." + payload,
         "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
        {"RFC 8037 A.4", public_key(Algorithm::eddsa, ed25519_public),
         "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
         "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"}};
    for (const auto& example : examples) {
        CAPTURE(example.section);
        const Bytes signature = from_base64url(example.signature).value();
        CHECK(example.key.verifies(example.input, signature));
        for (std::size_t i = 0; i < signature.size(); ++i) {
            Bytes flipped = signature;
            flipped[i] ^= std::byte{0x10};
            if (example.key.verifies(example.input, flipped))
                FAIL_CHECK("byte " << i << " does not matter");
        }
        CHECK_FALSE(example.key.verifies(example.input + "A", signature));
        CHECK_FALSE(example.key.verifies(example.input, {}));
        CHECK_FALSE(
            example.key.verifies(example.input, BytesView(signature).first(signature.size() - 1)));
    }
    // The signature is good; the claims are not ours to accept.
    CHECK(code_of(verifier({examples[0].key}), examples[0].input + '.' + examples[0].signature,
                  1'300'000'000) == ErrorCode::unauthorized);
}

TEST_CASE("a good token becomes its grant", "[auth]") {
    Grant grant;
    grant.subject = "alice@example.org";
    grant.tenant = "acme";
    grant.spaces = {{"team-42", Access::read_write},
                    {"logs", Access::read},
                    {"vault", Access::none},
                    {"*", Access::read}};
    grant.expires_s = now + 900;
    const Requirements requirements{"https://issuer.example", "syncline", 60};
    const std::string claims = claims_of(grant, requirements, now);

    SECTION("HS256") {
        const auto token = sign_hs256(claims, as_bytes(secret)).value();
        CHECK(verifier({hs256()}, requirements).verify(token, now) == grant);
    }
    SECTION("EdDSA, by kid among several keys") {
        const auto token = sign_eddsa(claims, ed25519_private, "2024-b").value();
        const auto v =
            verifier({hs256("2024-a"), public_key(Algorithm::eddsa, ed25519_public, "2024-b"),
                      public_key(Algorithm::es256, p256_public, "2024-c")},
                     requirements);
        CHECK(v.verify(token, now) == grant);
    }
    SECTION("ES256") {
        const OpensslPtr<EVP_PKEY> key(EVP_EC_gen("P-256"));
        const auto v = verifier({public_key(Algorithm::es256, to_pem(key.get()))}, requirements);
        for (int i = 0; i < 20; ++i) {  // r and s of every length
            CHECK(v.verify(sign_with(key.get(), R"({"alg":"ES256"})", claims), now) == grant);
        }
    }
    SECTION("RS256") {
        const OpensslPtr<EVP_PKEY> key(EVP_RSA_gen(2048));
        const auto v = verifier({public_key(Algorithm::rs256, to_pem(key.get()))}, requirements);
        CHECK(v.verify(sign_with(key.get(), R"({"alg":"RS256","typ":"JWT"})", claims), now) ==
              grant);
    }
    SECTION("an audience in a list") {
        const auto token = sign_raw(
            good_header, claims_with(R"("iss":"https://issuer.example","aud":["x","syncline"])"));
        CHECK(verifier({hs256()}, requirements).verify(token, now));
    }
    SECTION("several threads at once") {
        const auto v = verifier({public_key(Algorithm::eddsa, ed25519_public)}, requirements);
        const auto token = sign_eddsa(claims, ed25519_private).value();
        std::vector<std::thread> threads;
        threads.reserve(4);
        std::atomic<int> good{0};
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (int n = 0; n < 50; ++n) good += v.verify(token, now) ? 1 : 0;
            });
        }
        for (auto& thread : threads) thread.join();
        CHECK(good == 200);
    }
}

TEST_CASE("the exact name beats the star, and what is not granted is none", "[auth]") {
    Grant grant;
    grant.spaces = {{"team", Access::read_write}, {"vault", Access::none}, {"*", Access::read}};
    CHECK(grant.access_to("team") == Access::read_write);
    CHECK(grant.access_to("vault") == Access::none);
    CHECK(grant.access_to("other") == Access::read);
    CHECK(grant.access_to("*") == Access::none);
    CHECK(grant.access_to("") == Access::none);
    CHECK(grant.access_to("a b") == Access::none);
    CHECK(grant.access_to(std::string("team\0x", 6)) == Access::none);
    grant.spaces.erase("*");
    CHECK(grant.access_to("other") == Access::none);
    CHECK(is_name(std::string(128, 'a')));
    CHECK_FALSE(is_name(std::string(129, 'a')));
    CHECK(is_name("A-z.0_:"));
    for (const char* bad : {"", "*", "a/b", "a b", "\xc3\xa9", "a\n", "../x"})
        CHECK_FALSE(is_name(bad));
}

TEST_CASE("times hold with a minute's leeway", "[auth]") {
    const auto v = verifier({hs256()});
    const std::string token = sign_raw(good_header, good_claims);  // exp is 1,700,000,900
    CHECK(v.verify(token, 1'700'000'900));
    CHECK(v.verify(token, 1'700'000'959));
    CHECK(code_of(v, token, 1'700'000'960) == ErrorCode::token_expired);
    const std::string later = sign_raw(good_header, claims_with(R"("nbf":1700000100)"));
    CHECK(v.verify(later, 1'700'000'040));
    CHECK(code_of(v, later, 1'700'000'039) == ErrorCode::unauthorized);
    const std::string issued = sign_raw(good_header, claims_with(R"("iat":1700000100)"));
    CHECK(v.verify(issued, 1'700'000'040));
    CHECK(code_of(v, issued, 1'700'000'039) == ErrorCode::unauthorized);
}

TEST_CASE("no other token is accepted", "[auth]") {
    const Requirements requirements{"issuer", "relay", 60};
    const auto any = verifier({hs256()});
    const auto strict = verifier({hs256()}, requirements);
    const auto rsa = verifier({public_key(Algorithm::rs256, rsa_public)});
    const auto ed = verifier({public_key(Algorithm::eddsa, ed25519_public)});
    const auto named = verifier({hs256("a"), public_key(Algorithm::eddsa, ed25519_public, "b")});
    const std::string good = sign_raw(good_header, good_claims);
    REQUIRE(any.verify(good, now));
    const std::size_t dot = good.find('.');
    const std::size_t last_dot = good.rfind('.');
    const auto header = [](const std::string& text) { return sign_raw(text, good_claims); };
    const auto claims = [](const std::string& text) { return sign_raw(good_header, text); };
    const auto strict_claims = [](const std::string& more) {
        return sign_raw(good_header, claims_with(more));
    };
    const auto without_signature = [](const std::string& text) {
        return to_base64url(as_bytes(text)) + '.' + to_base64url(as_bytes(good_claims)) + '.';
    };

    struct Negative {
        const char* what;
        const Verifier* with;
        std::string token;
        ErrorCode code = ErrorCode::unauthorized;
    };
    std::vector<Negative> table = {
        // The algorithm.
        {"alg none, no signature", &any, without_signature(R"({"alg":"none"})")},
        {"alg None", &any, without_signature(R"({"alg":"None"})")},
        {"alg NONE", &any, without_signature(R"({"alg":"NONE"})")},
        {"alg none, a good HMAC", &any, header(R"({"alg":"none"})")},
        {"alg absent", &any, header(R"({"typ":"JWT"})")},
        {"alg empty", &any, header(R"({"alg":""})")},
        {"alg a number", &any, header(R"({"alg":256})")},
        {"alg null", &any, header(R"({"alg":null})")},
        {"alg a list", &any, header(R"({"alg":["HS256"]})")},
        {"alg in lower case", &any, header(R"({"alg":"hs256"})")},
        {"alg with a space", &any, header(R"({"alg":"HS256 "})")},
        {"alg HS384", &any, header(R"({"alg":"HS384"})")},
        {"alg RS256 at an HMAC key", &any, header(R"({"alg":"RS256"})")},
        {"HMAC with the RSA public key as its secret", &rsa,
         sign_raw(good_header, good_claims, rsa_public)},
        {"the same, called RS256", &rsa, sign_raw(R"({"alg":"RS256"})", good_claims, rsa_public)},
        {"HMAC with the Ed25519 public key as its secret", &ed,
         sign_raw(good_header, good_claims, ed25519_public)},
        {"the same, called EdDSA", &ed,
         sign_raw(R"({"alg":"EdDSA"})", good_claims, ed25519_public)},
        {"alg none at a public key", &ed, without_signature(R"({"alg":"none"})")},
        {"a key of the token's own", &any,
         sign_raw(R"({"alg":"HS256","jwk":{"kty":"oct","k":"eHh4"}})", good_claims,
                  std::string(32, 'x'))},
        // The key.
        {"another secret", &any, sign_raw(good_header, good_claims, std::string(32, 'x'))},
        {"an empty secret", &any, sign_raw(good_header, good_claims, "")},
        {"kid unknown", &named, header(R"({"alg":"HS256","kid":"c"})")},
        {"kid absent among named keys", &named, good},
        {"kid at a key without one", &any, header(R"({"alg":"HS256","kid":"a"})")},
        {"kid empty", &any, header(R"({"alg":"HS256","kid":""})")},
        {"kid a number", &any, header(R"({"alg":"HS256","kid":1})")},
        {"kid null", &any, header(R"({"alg":"HS256","kid":null})")},
        {"kid a path", &named, header(R"({"alg":"HS256","kid":"../a"})")},
        {"kid of the Ed25519 key, HMAC", &named, header(R"({"alg":"HS256","kid":"b"})")},
        {"kid of the HMAC key, called EdDSA", &named, header(R"({"alg":"EdDSA","kid":"a"})")},
        // The header.
        {"typ of another token", &any, header(R"({"alg":"HS256","typ":"at+jwt"})")},
        {"typ empty", &any, header(R"({"alg":"HS256","typ":""})")},
        {"typ a number", &any, header(R"({"alg":"HS256","typ":1})")},
        {"crit", &any, header(R"({"alg":"HS256","crit":["exp"]})")},
        {"crit empty", &any, header(R"({"alg":"HS256","crit":[]})")},
        {"crit null", &any, header(R"({"alg":"HS256","crit":null})")},
        {"alg twice", &any, header(R"({"alg":"HS256","alg":"none"})")},
        {"alg twice, spelled differently", &any, header(R"({"alg":"HS256","\u0061lg":"HS256"})")},
        {"header a list", &any, header(R"(["HS256"])")},
        {"header a string", &any, header(R"("HS256")")},
        {"header no JSON", &any, header("alg=HS256")},
        {"header empty", &any, header("")},
        {"header with more after it", &any, header(good_header + "{}")},
        {"header with a comment", &any, header("/* */" + good_header)},
        {"header with a mark before it", &any, header("\xef\xbb\xbf\xef\xbb\xbf" + good_header)},
        {"header cut", &any, header(good_header.substr(0, 20))},
        // The form.
        {"empty", &any, ""},
        {"dots", &any, ".."},
        {"one part", &any, good.substr(0, dot)},
        {"two parts", &any, good.substr(0, last_dot)},
        {"four parts", &any, good + ".x"},
        {"five parts", &any, good + ".x.y"},
        {"no header", &any, good.substr(dot)},
        {"no claims", &any, good.substr(0, dot + 1) + good.substr(last_dot)},
        {"no signature", &any, good.substr(0, last_dot + 1)},
        {"header cut by one", &any, good.substr(0, dot - 1) + good.substr(dot)},
        {"claims cut by one", &any, good.substr(0, last_dot - 1) + good.substr(last_dot)},
        {"signature cut by one", &any, good.substr(0, good.size() - 1)},
        {"signature cut by four", &any, good.substr(0, good.size() - 4)},
        {"signature longer", &any, good + "AAAA"},
        {"padding", &any, good + "="},
        {"a space before", &any, " " + good},
        {"a space after", &any, good + " "},
        {"a line end after", &any, good + "\n"},
        {"Bearer before", &any, "Bearer " + good},
        {"a NUL after", &any, good + std::string(1, '\0')},
        {"more than 4 KiB", &any, claims(claims_with("\"x\":\"" + std::string(4000, 'x') + '"'))},
        {"a mebibyte of dots", &any, std::string(1 << 20, '.')},
        // The claims.
        {"claims a list", &any, claims("[]")},
        {"claims null", &any, claims("null")},
        {"claims empty", &any, claims("")},
        {"claims no JSON", &any, claims("sub=alice")},
        {"claims with more after them", &any, claims(good_claims + "x")},
        {"sub twice", &any, claims(claims_with(R"("sub":"bob")"))},
        {"a space twice", &any,
         claims(R"({"sub":"a","exp":1700000900,"spaces":{"x":"r","x":"rw"}})")},
        {"deep nesting", &any,
         claims(claims_with("\"x\":" + std::string(600, '[') + std::string(600, ']')))},
        {"bad UTF-8 in sub", &any,
         claims("{\"sub\":\"\xff\xfe\",\"exp\":1700000900,\"spaces\":{\"x\":\"r\"}}")},
        {"half a surrogate", &any,
         claims(R"({"sub":"\ud800","exp":1700000900,"spaces":{"x":"r"}})")},
        {"no exp", &any, claims(R"({"sub":"a","spaces":{"x":"r"}})")},
        {"exp a string", &any, claims(R"({"sub":"a","exp":"1700000900","spaces":{"x":"r"}})")},
        {"exp a fraction", &any, claims(R"({"sub":"a","exp":1700000900.5,"spaces":{"x":"r"}})")},
        {"exp null", &any, claims(R"({"sub":"a","exp":null,"spaces":{"x":"r"}})")},
        {"exp true", &any, claims(R"({"sub":"a","exp":true,"spaces":{"x":"r"}})")},
        {"exp negative", &any, claims(R"({"sub":"a","exp":-1,"spaces":{"x":"r"}})")},
        {"exp above 2^53", &any,
         claims(R"({"sub":"a","exp":9007199254740993,"spaces":{"x":"r"}})")},
        {"exp 2^63", &any, claims(R"({"sub":"a","exp":9223372036854775808,"spaces":{"x":"r"}})")},
        {"exp 2^64", &any, claims(R"({"sub":"a","exp":18446744073709551616,"spaces":{"x":"r"}})")},
        {"exp 1e400", &any, claims(R"({"sub":"a","exp":1e400,"spaces":{"x":"r"}})")},
        {"expired", &any, claims(R"({"sub":"a","exp":1699999000,"spaces":{"x":"r"}})"),
         ErrorCode::token_expired},
        {"expired in 1970", &any, claims(R"({"sub":"a","exp":0,"spaces":{"x":"r"}})"),
         ErrorCode::token_expired},
        {"nbf tomorrow", &any, claims(claims_with(R"("nbf":1700086400)"))},
        {"nbf a string", &any, claims(claims_with(R"("nbf":"1700000000")"))},
        {"iat tomorrow", &any, claims(claims_with(R"("iat":1700086400)"))},
        {"iat a list", &any, claims(claims_with(R"("iat":[1700000000])"))},
        {"no sub", &any, claims(R"({"exp":1700000900,"spaces":{"x":"r"}})")},
        {"sub empty", &any, claims(R"({"sub":"","exp":1700000900,"spaces":{"x":"r"}})")},
        {"sub a number", &any, claims(R"({"sub":7,"exp":1700000900,"spaces":{"x":"r"}})")},
        {"sub of 129 bytes", &any,
         claims(R"({"exp":1700000900,"spaces":{"x":"r"},"sub":")" + std::string(129, 's') + "\"}")},
        {"sub with a line end", &any,
         claims(R"({"sub":"a\nb","exp":1700000900,"spaces":{"x":"r"}})")},
        {"tenant with a slash", &any, claims(claims_with(R"("tenant":"a/b")"))},
        {"tenant a number", &any, claims(claims_with(R"("tenant":1)"))},
        {"tenant of 129 bytes", &any,
         claims(claims_with("\"tenant\":\"" + std::string(129, 't') + '"'))},
        {"spaces a list", &any, claims(R"({"sub":"a","exp":1700000900,"spaces":["x"]})")},
        {"spaces a string", &any, claims(R"({"sub":"a","exp":1700000900,"spaces":"*"})")},
        {"a right that is none of ours", &any,
         claims(R"({"sub":"a","exp":1700000900,"spaces":{"x":"admin"}})")},
        {"a right in upper case", &any,
         claims(R"({"sub":"a","exp":1700000900,"spaces":{"x":"RW"}})")},
        {"a right that is true", &any,
         claims(R"({"sub":"a","exp":1700000900,"spaces":{"x":true}})")},
        {"a space with a blank", &any,
         claims(R"({"sub":"a","exp":1700000900,"spaces":{"x y":"r"}})")},
        {"a pattern that is not the star", &any,
         claims(R"({"sub":"a","exp":1700000900,"spaces":{"team-*":"r"}})")},
        {"a space without a name", &any,
         claims(R"({"sub":"a","exp":1700000900,"spaces":{"":"r"}})")},
        {"no spaces", &any, claims(R"({"sub":"a","exp":1700000900})"), ErrorCode::forbidden},
        {"empty spaces", &any, claims(R"({"sub":"a","exp":1700000900,"spaces":{}})"),
         ErrorCode::forbidden},
        {"nothing but none", &any, claims(R"({"sub":"a","exp":1700000900,"spaces":{"*":"none"}})"),
         ErrorCode::forbidden},
        // Issuer and audience.
        {"no issuer", &strict, strict_claims(R"("aud":"relay")")},
        {"another issuer", &strict, strict_claims(R"("iss":"other","aud":"relay")")},
        {"an issuer that begins alike", &strict, strict_claims(R"("iss":"issuer2","aud":"relay")")},
        {"issuer a list", &strict, strict_claims(R"("iss":["issuer"],"aud":"relay")")},
        {"no audience", &strict, strict_claims(R"("iss":"issuer")")},
        {"another audience", &strict, strict_claims(R"("iss":"issuer","aud":"other")")},
        {"audiences without ours", &strict, strict_claims(R"("iss":"issuer","aud":["a","b"])")},
        {"no audiences", &strict, strict_claims(R"("iss":"issuer","aud":[])")},
        {"audiences that are no strings", &strict,
         strict_claims(R"("iss":"issuer","aud":["relay",1])")},
        {"audience an object", &strict, strict_claims(R"("iss":"issuer","aud":{"relay":1})")},
        {"audience a number, none asked for", &any, strict_claims(R"("aud":7)")},
    };
    CHECK(table.size() >= 60);
    for (const auto& negative : table) {
        CAPTURE(negative.what);
        const auto grant = negative.with->verify(negative.token, now);
        CHECK_FALSE(grant);
        if (!grant) CHECK(grant.error().code == negative.code);
    }
    // Any bit of a token matters.
    for (std::size_t i = 0; i < good.size(); ++i) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string flipped = good;
            flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
            if (any.verify(flipped, now))
                FAIL_CHECK("byte " << i << " bit " << bit << " does not matter");
        }
        if (any.verify(good.substr(0, i), now)) FAIL_CHECK("cut to " << i);
    }
}

TEST_CASE("a key of the wrong kind or strength is refused at the start", "[auth]") {
    const auto refused = [](const Result<Key>& key) {
        return !key && key.error().code == ErrorCode::invalid_argument;
    };
    CHECK(refused(Key::from_secret("", as_bytes(std::string(31, 's')))));
    CHECK(Key::from_secret("", as_bytes(std::string(32, 's'))));
    CHECK(refused(Key::from_secret("", as_bytes(std::string(1025, 's')))));
    CHECK(refused(Key::from_secret("", as_bytes(rsa_public))));
    CHECK(refused(Key::from_public_pem(Algorithm::hs256, "", rsa_public)));
    CHECK(refused(Key::from_public_pem(Algorithm::eddsa, "", rsa_public)));
    CHECK(refused(Key::from_public_pem(Algorithm::eddsa, "", p256_public)));
    CHECK(refused(Key::from_public_pem(Algorithm::es256, "", ed25519_public)));
    CHECK(refused(Key::from_public_pem(Algorithm::rs256, "", p256_public)));
    CHECK(refused(Key::from_public_pem(Algorithm::eddsa, "", ed25519_private)));
    CHECK(refused(Key::from_public_pem(Algorithm::eddsa, "", "")));
    CHECK(refused(Key::from_public_pem(
        Algorithm::eddsa, "", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")));
    const OpensslPtr<EVP_PKEY> rsa_1024(EVP_RSA_gen(1024));
    CHECK(refused(Key::from_public_pem(Algorithm::rs256, "", to_pem(rsa_1024.get()))));
    const OpensslPtr<EVP_PKEY> p384(EVP_EC_gen("P-384"));
    CHECK(refused(Key::from_public_pem(Algorithm::es256, "", to_pem(p384.get()))));

    CHECK(algorithm_from("EdDSA") == Algorithm::eddsa);
    for (const char* name : {"none", "", "hs256", "HS512", "PS256"})
        CHECK_FALSE(algorithm_from(name));

    CHECK_FALSE(Verifier::from_keys({}, {}));
    CHECK_FALSE(Verifier::from_keys({hs256("a"), hs256("a")}, {}));
    CHECK_FALSE(Verifier::from_keys({hs256(), hs256()}, {}));
    CHECK_FALSE(Verifier::from_keys({hs256()}, {"", "", -1}));
    CHECK_FALSE(sign_hs256("{}", as_bytes("short")));
    CHECK_FALSE(sign_eddsa("{}", rsa_public));
    CHECK_FALSE(sign_eddsa("{}", ""));
}

TEST_CASE("a secret that others can read is refused", "[auth]") {
    for (const mode_t mode : {0640u, 0604u, 0644u, 0620u, 0601u}) {
        const TemporaryFile file(secret, mode);
        const auto key = Key::from_file(Algorithm::hs256, "", file.path);
        REQUIRE_FALSE(key);
        CHECK(key.error().code == ErrorCode::forbidden);
        CHECK(key.error().message.find("chmod 600") != std::string::npos);
    }
    SECTION("its owner alone") {
        const TemporaryFile file(secret + "\n", 0600);
        const auto key = Key::from_file(Algorithm::hs256, "k", file.path);
        REQUIRE(key);
        CHECK(key->id() == "k");
        CHECK(verifier({*key}).verify(sign_hs256(good_claims, as_bytes(secret), "k").value(), now));
        CHECK(read_secret_file(file.path).value().size() == 33);
    }
    SECTION("a public key is public") {
        const TemporaryFile file(ed25519_public, 0644);
        const auto key = Key::from_file(Algorithm::eddsa, "", file.path);
        REQUIRE(key);
        CHECK(verifier({*key}).verify(sign_eddsa(good_claims, ed25519_private).value(), now));
    }
    SECTION("what is no key file") {
        CHECK(Key::from_file(Algorithm::hs256, "", "/nonexistent").error().code ==
              ErrorCode::storage_failed);
        CHECK(Key::from_file(Algorithm::eddsa, "", "/").error().code == ErrorCode::storage_failed);
        const TemporaryFile empty("", 0600);
        CHECK(Key::from_file(Algorithm::hs256, "", empty.path).error().code ==
              ErrorCode::invalid_argument);
        const TemporaryFile large(std::string(65537, 'x'), 0600);
        CHECK(Key::from_file(Algorithm::hs256, "", large.path).error().code ==
              ErrorCode::invalid_argument);
    }
}
