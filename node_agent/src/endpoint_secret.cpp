#include "endpoint_secret.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "baton/base/check.hpp"
#include "baton/base/text.hpp"

namespace baton::node {
namespace {

constexpr std::string_view key_prefix = "whsec_";

std::string base64_of(std::string_view bytes) {
    std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    const int length = ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                         reinterpret_cast<const unsigned char*>(bytes.data()),
                                         static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

// Of a key: throws std::runtime_error where that is none.
std::string key_bytes(std::string_view key) {
    if (!key.starts_with(key_prefix)) return std::string(key);
    key.remove_prefix(key_prefix.size());
    std::string padded(key);
    while (padded.size() % 4 != 0) padded += '=';
    std::string bytes(3 * padded.size() / 4 + 1, '\0');
    const int length = ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                         reinterpret_cast<const unsigned char*>(padded.data()),
                                         static_cast<int>(padded.size()));
    if (length < 1 || padded.ends_with("===")) {
        throw std::runtime_error("what is behind whsec_ is no base64");
    }
    const auto padding = static_cast<std::size_t>(std::ranges::count(padded, '='));
    bytes.resize(static_cast<std::size_t>(length) - std::min<std::size_t>(padding, 2));
    return bytes;
}

}  // namespace

Secret::Secret(std::string name, const std::filesystem::path& folder) : name_(std::move(name)) {
    if (name_.starts_with("file:") && name_.size() > 5) {
        file_ = (folder / name_.substr(5)).lexically_normal();
    } else if (name_.starts_with("env:") && name_.size() > 4) {
        // NOLINTNEXTLINE(concurrency-mt-unsafe): read before the first thread that sets one
        const char* const value = std::getenv(name_.substr(4).c_str());
        is_set_ = value != nullptr;
        if (is_set_) variable_ = value;
    } else {
        // Not what it is: it may be the secret itself.
        throw std::runtime_error(
            "a secret is named as env:NAME or file:PATH; it is never in the file itself");
    }
}

std::string Secret::value() const {
    constexpr std::size_t length_max = 8192;
    constexpr std::size_t length_min = 8;  // what is shorter is in many a text
    std::string value = variable_;
    if (!file_.empty()) {
        std::ifstream stream(file_, std::ios::binary);
        value.resize(length_max + 1);
        stream.read(value.data(), static_cast<std::streamsize>(value.size()));
        if (stream.bad() || (stream.fail() && !stream.eof())) {
            throw std::runtime_error("the secret " + json_quoted(name_) +
                                     " cannot be read on this node");
        }
        value.resize(static_cast<std::size_t>(stream.gcount()));
        if (value.ends_with('\n')) value.pop_back();
        if (value.ends_with('\r')) value.pop_back();
    } else if (!is_set_) {
        throw std::runtime_error("the secret " + json_quoted(name_) + " is not set on this node");
    }
    if (value.size() < length_min || value.size() > length_max ||
        std::ranges::any_of(value, [](char c) { return c == '\n' || c == '\r' || c == '\0'; })) {
        throw std::runtime_error("the secret " + json_quoted(name_) +
                                 " must be one line of 8 to 8192 bytes");
    }
    return value;
}

std::string without_secrets(std::string text, const std::vector<std::string>& secrets) {
    constexpr std::string_view instead = "[secret]";
    for (std::string_view secret : secrets) {
        if (secret.starts_with(key_prefix)) secret.remove_prefix(key_prefix.size());
        if (secret.empty()) continue;
        for (std::size_t at = text.find(secret); at != std::string::npos;
             at = text.find(secret, at + instead.size())) {
            text.replace(at, secret.size(), instead);
        }
    }
    return text;
}

std::string new_secret() {
    std::array<unsigned char, 32> bytes{};
    if (::RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
        throw std::runtime_error("there is no randomness for a callback's token");
    }
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const unsigned char byte : bytes) {
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

std::string hmac_of(std::string_view key, std::string_view data) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int length = 0;
    BATON_CHECK(::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()),
                       reinterpret_cast<const unsigned char*>(data.data()), data.size(),
                       digest.data(), &length) != nullptr);
    return {reinterpret_cast<const char*>(digest.data()), length};
}

std::string signatures(const std::vector<std::string>& keys, std::string_view id,
                       std::string_view timestamp, std::string_view body) {
    std::string content(id);
    content.append(".").append(timestamp).append(".").append(body);
    std::string list;
    for (const std::string& key : keys) {
        list.append(list.empty() ? "v1," : " v1,");
        list += base64_of(hmac_of(key_bytes(key), content));
    }
    return list;
}

}  // namespace baton::node
