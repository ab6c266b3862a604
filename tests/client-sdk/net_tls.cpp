// wss against an OpenSSL server with a certificate made on the spot.

#include "net/websocket_client.hpp"

#include <catch2/catch.hpp>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace syncline;
using namespace syncline::client::net;
using namespace std::chrono_literals;

namespace {

template <auto Release>
struct Releases {
    template <typename T>
    void operator()(T* p) const {
        Release(p);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Releases<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Releases<X509_free>>;

/// A certificate for `name` that vouches for itself.
Certificate self_signed(EVP_PKEY* key, const std::string& name) {
    Certificate certificate(X509_new());
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key);
    X509_NAME* subject = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), subject);
    const std::string alternative = "DNS:" + name;
    for (const auto& [nid, value] : {std::pair{NID_subject_alt_name, alternative.c_str()},
                                     std::pair{NID_basic_constraints, "critical,CA:TRUE"}}) {
        X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
        X509_add_ext(certificate.get(), extension, -1);
        X509_EXTENSION_free(extension);
    }
    X509_sign(certificate.get(), key, EVP_sha256());
    return certificate;
}

/// Completes one TLS handshake after the other and then the WebSocket's; sends one message.
class TlsServer {
public:
    explicit TlsServer(const std::string& name) : key_(EVP_EC_gen("P-256")) {
        certificate_ = self_signed(key_.get(), name);
        context_.reset(SSL_CTX_new(TLS_server_method()));
        SSL_CTX_use_certificate(context_.get(), certificate_.get());
        SSL_CTX_use_PrivateKey(context_.get(), key_.get());
        listening_ = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(::bind(listening_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        socklen_t size = sizeof address;
        REQUIRE(::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        port = ntohs(address.sin_port);
        REQUIRE(::listen(listening_, 4) == 0);
        thread_ = std::thread([this] {
            for (;;) {
                const int fd = ::accept(listening_, nullptr, nullptr);
                if (fd < 0) return;
                serve(fd);
                ::close(fd);
            }
        });
    }
    ~TlsServer() {
        ::shutdown(listening_, SHUT_RDWR);
        thread_.join();
        ::close(listening_);
    }
    TlsServer(const TlsServer&) = delete;
    TlsServer& operator=(const TlsServer&) = delete;

    void write_certificate(const std::string& path) const {
        FILE* file = std::fopen(path.c_str(), "w");
        REQUIRE(file != nullptr);
        PEM_write_X509(file, certificate_.get());
        std::fclose(file);
    }

    std::uint16_t port = 0;

private:
    void serve(int fd) {
        std::unique_ptr<SSL, Releases<SSL_free>> tls(SSL_new(context_.get()));
        SSL_set_fd(tls.get(), fd);
        if (SSL_accept(tls.get()) != 1) return;
        std::string request;
        char c = 0;
        while (request.find("\r\n\r\n") == std::string::npos && SSL_read(tls.get(), &c, 1) == 1)
            request += c;
        const std::string name = "ec-WebSocket-Key: ";
        const auto at = request.find(name);
        if (at == std::string::npos) return;
        const std::string salted =
            request.substr(at + name.size(), request.find("\r\n", at) - at - name.size()) +
            "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned int size = 0;
        EVP_Digest(salted.data(), salted.size(), digest, &size, EVP_sha1(), nullptr);
        unsigned char accept[64];
        EVP_EncodeBlock(accept, digest, static_cast<int>(size));
        const std::string answer =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Protocol: syncline.v1\r\nSec-WebSocket-Accept: " +
            std::string(reinterpret_cast<char*>(accept)) + "\r\n\r\n\x82\x05hello";
        SSL_write(tls.get(), answer.data(), static_cast<int>(answer.size()));
        while (SSL_read(tls.get(), &c, 1) == 1) {
        }
    }

    Key key_;
    Certificate certificate_;
    std::unique_ptr<SSL_CTX, Releases<SSL_CTX_free>> context_;
    int listening_ = -1;
    std::thread thread_;
};

/// What came first: a message or the end.
struct Outcome : Listener {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<Bytes> message;
    std::optional<Error> end;

    void connected() override {}
    void received(Bytes bytes) override {
        const std::lock_guard lock(mutex);
        message = std::move(bytes);
        changed.notify_all();
    }
    void disconnected(Error why) override {
        const std::lock_guard lock(mutex);
        end = std::move(why);
        changed.notify_all();
    }
    void timer() override {}
};

struct TemporaryFile {
    std::string path;
    TemporaryFile() {
        path = (std::filesystem::temp_directory_path() / "syncline-ca-XXXXXX").string();
        const int fd = ::mkstemp(path.data());
        REQUIRE(fd >= 0);
        ::close(fd);
    }
    ~TemporaryFile() { ::unlink(path.c_str()); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
};

}  // namespace

TEST_CASE("a certificate is trusted by its authority and its name only", "[net][tls]") {
    const bool right_name = GENERATE(true, false);
    const bool in_ca_file = GENERATE(true, false);
    const auto check = GENERATE(CertificateCheck::on, CertificateCheck::off);
    TlsServer server(right_name ? "localhost" : "relay.example");
    TemporaryFile ca;
    WebSocketOptions options;
    options.certificate_check = check;
    if (in_ca_file) {
        server.write_certificate(ca.path);
        options.ca_file = ca.path;
    }
    Outcome outcome;
    WebSocketClient client(options);
    REQUIRE(client.start(outcome).has_value());
    client.post([&] { (void)client.connect({Scheme::wss, "localhost", server.port, "/sync"}); });
    {
        std::unique_lock lock(outcome.mutex);
        REQUIRE(
            outcome.changed.wait_for(lock, 20s, [&] { return outcome.message || outcome.end; }));
    }
    client.stop();
    CAPTURE(right_name, in_ca_file, check == CertificateCheck::on);
    INFO((outcome.end ? outcome.end->message : "no error"));
    const bool trusted = check == CertificateCheck::off || (right_name && in_ca_file);
    CHECK(outcome.message.has_value() == trusted);
    if (!trusted) {
        REQUIRE(outcome.end.has_value());
        CHECK(outcome.end->code == ErrorCode::connection_lost);
    }
}
