// baton rollback: makes the version live again that a view set had before.
#include "promotion.hpp"

namespace baton::cli {

Verb rollback_verb() {
    const auto request = std::make_shared<PromotionRequest>();
    Verb verb{.name = "rollback",
              .help = "make the version live again that a view set had before; nothing is rebuilt",
              .about =
                  "The former version must still be kept warm, by a program that carries it. Right "
                  "after\na switch that takes a moment, which is waited for.\n" +
                  about_waiting() + "Example: baton rollback sales",
              .options = waiting_options(*request),
              .run = [request](Invocation& invocation) {
                  return request_promotion(*request, invocation);
              }};
    verb.options.push_back({.name = "SET",
                            .help = "which view sets; several go back in one switch",
                            .place = &request->sets,
                            .is_required = true,
                            .placeholder = "..."});
    return verb;
}

}  // namespace baton::cli
