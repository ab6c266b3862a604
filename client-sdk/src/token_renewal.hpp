#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace syncline::client {

/// The claim `exp` of a JSON Web Token, in milliseconds since 1970. Nothing is verified: this is a
/// hint when to ask for the next one, and whoever checks tokens is the relay. None for a token of
/// another kind.
[[nodiscard]] std::optional<std::uint64_t> token_expiry_ms(std::string_view token);

/// When to ask for a newer token: once four fifths of the rest of its time are over, so that there
/// is time for more attempts. Times are of the relay's clock, which judges.
class TokenRenewal {
public:
    /// This token goes to the relay now.
    void use(std::string token, std::uint64_t now_ms);
    /// The app was asked and had nothing newer.
    void asked(std::uint64_t now_ms);
    [[nodiscard]] bool due(std::uint64_t now_ms) const { return ask_ms_ && now_ms >= *ask_ms_; }
    [[nodiscard]] const std::string& token() const { return token_; }

private:
    std::string token_;
    std::optional<std::uint64_t> expiry_ms_;
    std::optional<std::uint64_t> ask_ms_;
};

}  // namespace syncline::client
