#include "topics.hpp"

#include <algorithm>

#include "baton/base/error.hpp"

namespace baton::bus {
namespace {

constexpr std::size_t topic_bytes_max = 255;
constexpr std::size_t topic_levels_max = 16;
constexpr std::string_view any_level = "*";
constexpr std::string_view any_levels = "**";

// The first level of `rest`, which is what follows it by then; whether that was the last one.
struct Level {
    std::string_view name;
    bool is_last;
};

Level take_level(std::string_view& rest) {
    const std::size_t end = rest.find('/');
    const Level level{rest.substr(0, end), end == std::string_view::npos};
    rest.remove_prefix(level.is_last ? rest.size() : end + 1);
    return level;
}

[[noreturn]] void refuse(std::string_view what, std::string_view text, std::string_view why) {
    throw Error(ErrorCode::bus_misused,
                std::string(what) + " \"" + std::string(text) + "\" " + std::string(why));
}

void require(std::string_view what, std::string_view text, bool is_pattern) {
    if (text.empty() || text.size() > topic_bytes_max) {
        refuse(what, text.substr(0, topic_bytes_max), "has not 1 to 255 bytes");
    }
    if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < ' '; })) {
        refuse(what, "(binary)", "has control characters");
    }
    std::size_t levels = 0;
    for (std::string_view rest = text;;) {
        const auto [name, is_last] = take_level(rest);
        if (name.empty()) refuse(what, text, "has an empty level: leave out a '/'");
        if (++levels > topic_levels_max) refuse(what, text, "has more than 16 levels");
        const bool is_wild = is_pattern && (name == any_level || (name == any_levels && is_last));
        if (!is_wild && name.find('*') != std::string_view::npos) {
            refuse(what, text,
                   is_pattern ? "has a '*' that is no level of its own, or a \"**\" before its end"
                              : "has a '*', which only subscribers may use");
        }
        if (is_last) return;
    }
}

using Lanes = std::vector<std::shared_ptr<Lane>>;

}  // namespace

void require_topic(std::string_view topic) { require("topic", topic, false); }
void require_pattern(std::string_view pattern) { require("pattern", pattern, true); }

bool matches(std::string_view pattern, std::string_view topic) {
    for (;;) {
        const auto [wanted, wanted_is_last] = take_level(pattern);
        if (wanted == any_levels) return true;
        const auto [name, is_last] = take_level(topic);
        if (wanted != any_level && wanted != name) return false;
        if (is_last) return wanted_is_last || pattern == any_levels;
        if (wanted_is_last) return false;
    }
}

void TopicTrie::add(std::string_view pattern, const std::shared_ptr<Lane>& lane) {
    Node* node = &root_;
    for (;;) {
        const auto [name, is_last] = take_level(pattern);
        if (name == any_levels) return node->here_and_below.push_back(lane);
        const auto at = node->below.find(name);
        node = at != node->below.end() ? &at->second : &node->below[std::string(name)];
        if (is_last) return node->here.push_back(lane);
    }
}

void TopicTrie::remove(std::string_view pattern, const Lane* lane) {
    remove(root_, pattern, false, lane);
}

// Whether nothing is left of the node.
bool TopicTrie::remove(Node& node, std::string_view rest, bool is_end, const Lane* lane) {
    const auto is_it = [&](const std::shared_ptr<Lane>& other) { return other.get() == lane; };
    if (is_end) {
        std::erase_if(node.here, is_it);
    } else {
        const auto [name, is_last] = take_level(rest);
        const auto at = node.below.find(name);
        if (name == any_levels) {
            std::erase_if(node.here_and_below, is_it);
        } else if (at != node.below.end() && remove(at->second, rest, is_last, lane)) {
            node.below.erase(at);
        }
    }
    return node.below.empty() && node.here.empty() && node.here_and_below.empty();
}

void TopicTrie::find(std::string_view topic, Lanes& found) const {
    find(root_, topic, false, found);
}

void TopicTrie::find(const Node& node, std::string_view rest, bool is_end, Lanes& found) {
    found.insert(found.end(), node.here_and_below.begin(), node.here_and_below.end());
    if (is_end) {
        found.insert(found.end(), node.here.begin(), node.here.end());
        return;
    }
    const auto [name, is_last] = take_level(rest);
    if (const auto at = node.below.find(name); at != node.below.end()) {
        find(at->second, rest, is_last, found);
    }
    if (const auto at = node.below.find(any_level); at != node.below.end()) {
        find(at->second, rest, is_last, found);
    }
}

}  // namespace baton::bus
