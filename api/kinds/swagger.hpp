// A Swagger 2.0 document, as far as kinds are compared with it: calls, and the schemas of what they
// send.

#pragma once

#include "state/model/path.hpp"
#include "state/model/result.hpp"
#include "state/model/value.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace trueup::kinds {

// A schema of the document, or null where there is none. Lives as long as the document, or as what
// was made by graft.
using Schema = const Value*;

class Swagger {
public:
    // Fails with invalid_input when `text` is no Swagger 2.0 document.
    static Result<Swagger> parse(std::string_view text);

    // The operation of that method and path, whatever the path's parameters are called, or null.
    const Value* operation(const std::string& method, const std::string& path) const;
    std::vector<std::string> routes() const;

    // The query parameters that an operation takes, each with its own description.
    std::map<std::string, const Value*> query(const Value& operation) const;
    Schema body(const Value& operation) const;
    // The schema of its first answer of 2xx; null for one without a body.
    Schema answer(const Value& operation) const;
    std::vector<std::string> answer_codes(const Value& operation) const;

    // `schema` with its references followed.
    Schema resolve(Schema schema) const;
    // One step down: a property, what a map holds, or null.
    Schema property(Schema schema, const std::string& name) const;
    Schema find(Schema schema, const Path& path) const;
    // What the array `schema` holds, or null.
    Schema items(Schema schema) const;
    // What the map `schema` holds, or null.
    Schema held(Schema schema) const;
    // "string", "object", "array", ...; "" when the document does not say.
    std::string type(Schema schema) const;
    std::vector<std::string> choices(Schema schema) const;
    std::vector<std::string> required(Schema schema) const;
    std::vector<std::string> property_names(Schema schema) const;

    // A copy of `schema` in which `node` stands at `path`; with `each`, inside each element of the
    // array there.
    Value graft(Schema schema, const Path& path, Schema node) const;
    Value graft_each(Schema schema, const Path& array, const Path& path, Schema node) const;

private:
    explicit Swagger(Value document);
    // The schema and the parts of its allOf, references followed.
    std::vector<const Map*> parts(Schema schema) const;

    std::shared_ptr<const Value> document_;
    std::map<std::string, const Value*> operations_;  // "GET /v1/roles/{}"
    std::map<const Value*, const Value*> path_items_; // of each operation
};

} // namespace trueup::kinds
