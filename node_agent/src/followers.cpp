#include "baton/node_agent/followers.hpp"

#include "baton/base/error.hpp"
#include "baton/base/text.hpp"

namespace baton {

void Followers::add(FollowerInfo info, Run run) {
    constexpr std::size_t text_length_max = 128;
    const auto refuse = [&](const std::string& what) {
        throw Error(ErrorCode::handler_invalid, "follower " + json_quoted(info.name) + ": " + what);
    };
    if (info.name.empty() || info.name.size() > text_length_max) {
        refuse("the name must have 1 to 128 characters");
    }
    if (info.bookmark.size() > text_length_max) {
        refuse("the bookmark must have 1 to 128 characters");
    }
    if (info.from < 0) refuse("from is a position of the log: 1 or more");
    for (const FollowerInfo& other : infos_) {
        if (other.name == info.name) refuse("added twice");
        if (!info.bookmark.empty() && other.bookmark == info.bookmark) {
            refuse("follower " + json_quoted(other.name) + " has the bookmark " +
                   json_quoted(info.bookmark) + ", which can have one holder");
        }
    }
    infos_.push_back(std::move(info));
    runs_.push_back(std::move(run));
}

}  // namespace baton
