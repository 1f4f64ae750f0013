// Secrets of endpoints: what the environment's file has of them is a name, and the value is looked
// up on the node, anew for each request, so that a file may be exchanged. No message has a value.
//
// Threads: const after it was made.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace baton::node {

class Secret {
public:
    /// `name`: "env:NAME" or "file:PATH", relative to `folder`. Throws std::runtime_error where it
    /// is neither.
    Secret(std::string name, const std::filesystem::path& folder);

    [[nodiscard]] const std::string& name() const { return name_; }
    /// Without the line break behind it. Throws std::runtime_error where there is none, or it has
    /// another line break, a NUL or no end.
    [[nodiscard]] std::string value() const;

private:
    std::string name_;
    std::filesystem::path file_;
    std::string variable_;  // its value, of when this was made: a process does not change its own
    bool is_set_ = false;
};

/// `text` with "[secret]" for each of them, and for what is a part of it.
[[nodiscard]] std::string without_secrets(std::string text,
                                          const std::vector<std::string>& secrets);

/// By the scheme of Standard Webhooks: "v1," and base64 of the HMAC-SHA256 of what is sent, for
/// each key, with spaces between. A key is "whsec_" and base64, or any bytes.
[[nodiscard]] std::string signatures(const std::vector<std::string>& keys, std::string_view id,
                                     std::string_view timestamp, std::string_view body);

/// 64 hex digits that nobody can guess. Throws std::runtime_error where there is no randomness.
[[nodiscard]] std::string new_secret();

/// HMAC-SHA256, as bytes.
[[nodiscard]] std::string hmac_of(std::string_view key, std::string_view data);

}  // namespace baton::node
