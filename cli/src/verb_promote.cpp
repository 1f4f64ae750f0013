// baton promote: makes a version of a view set the live one.
#include <charconv>

#include "baton/base/text.hpp"
#include "promotion.hpp"

namespace baton::cli {
namespace {

struct Options {
    std::vector<std::string> words;
    std::optional<std::int64_t> cancel;
    PromotionRequest request;
};

std::string checked_version(const std::string& text) {
    int version = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, version);
    if (error != std::errc{} || stop != end || version < 1) {
        refuse("VERSION must be a whole number of at least 1, not " +
               json_quoted(text.substr(0, 80)));
    }
    return text;
}

int promote(Options& options, Invocation& invocation) {
    PromotionRequest& request = options.request;
    if (options.cancel) {
        const std::string other = !options.words.empty()    ? "SET"
                                  : request.when_ready      ? "--when-ready"
                                  : request.timeout.empty() ? ""
                                                            : "--timeout";
        if (!other.empty()) refuse(other + " does not go with --cancel");
        return cancel_promotion(*options.cancel, invocation);
    }
    if (options.words.empty() || options.words.size() % 2 != 0) {
        refuse("as many versions as view sets are wanted: SET VERSION [SET VERSION ...]; see `" +
               invocation.app.name() + " versions` for what there is");
    }
    for (std::size_t i = 0; i < options.words.size(); i += 2) {
        request.sets.push_back(options.words[i]);
        request.versions.push_back(checked_version(options.words[i + 1]));
    }
    return request_promotion(request, invocation);
}

}  // namespace

Verb promote_verb() {
    const auto options = std::make_shared<Options>();
    Verb verb{.name = "promote",
              .help = "make a version of a view set the live one, or of several sets in one switch",
              .about =
                  "All views of the sets change over in one transaction, at one position of the "
                  "log.\n" +
                  about_waiting() + "Example: baton promote sales 2 --when-ready",
              .options = waiting_options(options->request),
              .run = [options](Invocation& invocation) { return promote(*options, invocation); }};
    verb.options.push_back({.name = "SET",
                            .help = "which view sets, each with its new version: sales 2 stock 5",
                            .place = &options->words,
                            .placeholder = "VERSION"});
    verb.options.push_back(
        {.name = "--cancel",
         .help =
             "promote nothing, and cancel the promotion of this number, which somebody asked for",
         .place = &options->cancel,
         .bounds = {.min = 1}});
    return verb;
}

}  // namespace baton::cli
