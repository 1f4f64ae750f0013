#include "baton/reducers/fold_of.hpp"

#include "baton/types/column.hpp"

namespace baton::reducers {

std::vector<std::string> take_all(std::vector<types::ArrayLiteral> arrays) {
    std::vector<std::string> literals;
    literals.reserve(arrays.size());
    for (types::ArrayLiteral& array : arrays) literals.push_back(std::move(array).take());
    return literals;
}

void check_key_texts(std::string_view text, std::size_t& bytes) {
    types::check_storable(text);
    bytes += text.size();
    if (bytes > key_bytes_max) {
        throw Error(ErrorCode::event_poisoned,
                    "the key of a row is longer than " + std::to_string(key_bytes_max) + " bytes");
    }
}

}  // namespace baton::reducers
