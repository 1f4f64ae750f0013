// Topics and patterns: what may stand in them, and the trie that finds who wants a topic.
//
// In a pattern, `*` stands for one level, and `**`, which is its last, for any number of levels,
// also for none: "region/**" is "region" and all below.
//
// Threads: TopicTrie belongs to whoever locks it.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace baton::bus {

class Lane;

/// Throws Error(bus_misused) unless `topic` can be published to.
void require_topic(std::string_view topic);
/// Throws Error(bus_misused) unless `pattern` can be subscribed to.
void require_pattern(std::string_view pattern);
[[nodiscard]] bool matches(std::string_view pattern, std::string_view topic);

class TopicTrie {
public:
    void add(std::string_view pattern, const std::shared_ptr<Lane>& lane);
    void remove(std::string_view pattern, const Lane* lane);
    /// Adds to `found` all lanes whose pattern matches, in the order of no promise.
    void find(std::string_view topic, std::vector<std::shared_ptr<Lane>>& found) const;

private:
    struct Node {
        std::map<std::string, Node, std::less<>> below{};  // "*" among them
        std::vector<std::shared_ptr<Lane>> here{};
        std::vector<std::shared_ptr<Lane>> here_and_below{};  // "**"
    };
    static void find(const Node& node, std::string_view rest, bool is_end,
                     std::vector<std::shared_ptr<Lane>>& found);
    static bool remove(Node& node, std::string_view rest, bool is_end, const Lane* lane);

    Node root_;
};

}  // namespace baton::bus
