#include "auth/key.hpp"

#include "auth/openssl_ptr.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace syncline::relay::auth {
namespace {

constexpr std::size_t secret_bytes_min = 32;  // as long as the hash, RFC 7518 §3.2
constexpr std::size_t secret_bytes_max = 1024;
constexpr std::size_t pem_bytes_max = std::size_t{64} << 10;
constexpr int rsa_bits_min = 2048;
constexpr int rsa_bits_max = 8192;  // larger ones make verifying a way to burn our time
constexpr std::size_t es256_half_bytes = 32;

tl::unexpected<Error> refuse(std::string why) {
    return fail(ErrorCode::invalid_argument, std::move(why));
}

bool looks_like_pem(std::string_view text) {
    return text.find("-----BEGIN") != std::string_view::npos;
}

/// r and s side by side, as tokens have them, to the DER that OpenSSL wants.
Bytes es256_der(BytesView signature) {
    const auto* raw = reinterpret_cast<const unsigned char*>(signature.data());
    OpensslPtr<ECDSA_SIG> sig(ECDSA_SIG_new());
    OpensslPtr<BIGNUM> r(BN_bin2bn(raw, es256_half_bytes, nullptr));
    OpensslPtr<BIGNUM> s(BN_bin2bn(raw + es256_half_bytes, es256_half_bytes, nullptr));
    if (!sig || !r || !s || ECDSA_SIG_set0(sig.get(), r.get(), s.get()) != 1) return {};
    static_cast<void>(r.release());
    static_cast<void>(s.release());
    unsigned char* der = nullptr;
    const int der_bytes = i2d_ECDSA_SIG(sig.get(), &der);
    if (der_bytes <= 0) return {};
    const auto* first = reinterpret_cast<const std::byte*>(der);
    Bytes out(first, first + der_bytes);
    OPENSSL_free(der);
    return out;
}

Result<Bytes> read_file(const std::string& path, bool is_secret) {
    const auto system_error = [&] {
        return fail(ErrorCode::storage_failed, "cannot read " + path + ": " + std::strerror(errno));
    };
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return system_error();
    const std::unique_ptr<const int, void (*)(const int*)> closer(
        &fd, [](const int* f) { ::close(*f); });
    struct stat info {};
    if (fstat(fd, &info) != 0) return system_error();
    if (!S_ISREG(info.st_mode)) return fail(ErrorCode::storage_failed, path + " is not a file");
    if (is_secret && (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return fail(
            ErrorCode::forbidden,
            path + " holds a secret and is open to others than its owner; run: chmod 600 " + path);
    }
    if (info.st_size > static_cast<off_t>(pem_bytes_max))
        return refuse(path + " is too large for a key");
    Bytes bytes(static_cast<std::size_t>(info.st_size));
    std::size_t at = 0;
    while (at < bytes.size()) {
        const ssize_t n = read(fd, bytes.data() + at, bytes.size() - at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return system_error();
        if (n == 0) break;
        at += static_cast<std::size_t>(n);
    }
    bytes.resize(at);
    return bytes;
}

}  // namespace

struct Key::Material {
    Algorithm algorithm = Algorithm::hs256;
    std::string id;
    Bytes secret;
    OpensslPtr<EVP_PKEY> public_key;

    Material() = default;
    Material(const Material&) = delete;
    Material& operator=(const Material&) = delete;
    ~Material() { OPENSSL_cleanse(secret.data(), secret.size()); }
};

std::string_view name_of(Algorithm algorithm) {
    switch (algorithm) {
        case Algorithm::hs256: return "HS256";
        case Algorithm::eddsa: return "EdDSA";
        case Algorithm::es256: return "ES256";
        case Algorithm::rs256: return "RS256";
    }
    return "";
}

Result<Algorithm> algorithm_from(std::string_view name) {
    for (const auto algorithm :
         {Algorithm::hs256, Algorithm::eddsa, Algorithm::es256, Algorithm::rs256}) {
        if (name_of(algorithm) == name) return algorithm;
    }
    return refuse("the algorithm is one of HS256, EdDSA, ES256, RS256");
}

Algorithm Key::algorithm() const { return material_->algorithm; }
const std::string& Key::id() const { return material_->id; }

Result<Key> Key::from_secret(std::string id, BytesView secret) {
    if (secret.size() < secret_bytes_min) return refuse("a secret for HS256 has at least 32 bytes");
    if (secret.size() > secret_bytes_max)
        return refuse("a secret for HS256 has at most 1024 bytes");
    if (looks_like_pem(as_text(secret))) return refuse("a PEM file is no secret for HS256");
    auto material = std::make_shared<Material>();
    material->algorithm = Algorithm::hs256;
    material->id = std::move(id);
    material->secret.assign(secret.begin(), secret.end());
    return Key(std::move(material));
}

Result<Key> Key::from_public_pem(Algorithm algorithm, std::string id, std::string_view pem) {
    if (algorithm == Algorithm::hs256) return refuse("HS256 takes a secret, not a public key");
    if (pem.size() > pem_bytes_max) return refuse("the PEM text is too large for a key");
    if (pem.find("PRIVATE KEY-----") != std::string_view::npos) {
        return refuse("this is a private key; verifying takes the public one");
    }
    OpensslPtr<EVP_PKEY> key(PEM_read_bio_PUBKEY(bio_over(pem).get(), nullptr, nullptr, nullptr));
    ERR_clear_error();
    if (!key) return refuse("no PEM public key (\"BEGIN PUBLIC KEY\") found");

    const char* type = algorithm == Algorithm::eddsa   ? "ED25519"
                       : algorithm == Algorithm::es256 ? "EC"
                                                       : "RSA";
    if (EVP_PKEY_is_a(key.get(), type) != 1) {
        return refuse(std::string(name_of(algorithm)) + " takes a public key of type " + type);
    }
    if (algorithm == Algorithm::es256) {
        std::array<char, 64> group{};
        std::size_t group_bytes = 0;
        if (EVP_PKEY_get_group_name(key.get(), group.data(), group.size(), &group_bytes) != 1 ||
            std::string_view(group.data()) != "prime256v1") {
            return refuse("ES256 takes a key on the curve P-256");
        }
    }
    if (algorithm == Algorithm::rs256) {
        const int bits = EVP_PKEY_get_bits(key.get());
        if (bits < rsa_bits_min || bits > rsa_bits_max)
            return refuse("RS256 takes a key of 2048 to 8192 bits");
    }
    auto material = std::make_shared<Material>();
    material->algorithm = algorithm;
    material->id = std::move(id);
    material->public_key = std::move(key);
    return Key(std::move(material));
}

Result<Bytes> read_secret_file(const std::string& path) { return read_file(path, true); }

Result<Key> Key::from_file(Algorithm algorithm, std::string id, const std::string& path) {
    const bool is_secret = algorithm == Algorithm::hs256;
    auto bytes = read_file(path, is_secret);
    if (!bytes) return tl::unexpected<Error>(bytes.error());
    BytesView content = *bytes;
    for (const char end : {'\n', '\r'}) {
        if (is_secret && !content.empty() && content.back() == static_cast<std::byte>(end)) {
            content = content.first(content.size() - 1);
        }
    }
    auto key = is_secret ? from_secret(std::move(id), content)
                         : from_public_pem(algorithm, std::move(id), as_text(content));
    if (is_secret) OPENSSL_cleanse(bytes->data(), bytes->size());
    if (!key) return fail(key.error().code, path + ": " + key.error().message);
    return key;
}

bool Key::verifies(std::string_view input, BytesView signature) const {
    if (material_->algorithm == Algorithm::hs256) {
        std::array<unsigned char, 32> expected{};
        unsigned expected_bytes = 0;
        const auto& secret = material_->secret;
        if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes_of(input),
                 input.size(), expected.data(), &expected_bytes) == nullptr) {
            return false;
        }
        const bool equal = signature.size() == expected.size() &&
                           CRYPTO_memcmp(signature.data(), expected.data(), expected.size()) == 0;
        OPENSSL_cleanse(expected.data(), expected.size());
        return equal;
    }
    Bytes der;
    if (material_->algorithm == Algorithm::es256) {
        if (signature.size() != 2 * es256_half_bytes) return false;
        der = es256_der(signature);
        signature = der;
    }
    const EVP_MD* digest = material_->algorithm == Algorithm::eddsa ? nullptr : EVP_sha256();
    const OpensslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
    // RS256 uses PKCS #1 v1.5, OpenSSL's default; the key's type was checked when it was made.
    const bool good =
        context &&
        EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr,
                             material_->public_key.get()) == 1 &&
        EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                         signature.size(), bytes_of(input), input.size()) == 1;
    ERR_clear_error();
    return good;
}

}  // namespace syncline::relay::auth
