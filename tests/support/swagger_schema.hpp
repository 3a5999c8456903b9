// Checks JSON against a Swagger 2.0 document: the bodies of requests and answers against the
// schemas of their operations. Test code: it knows $ref, allOf, type, enum, required, properties,
// additionalProperties, items, minimum and maximum, x-nullable, and reports properties that the
// schema does not name. `format` is ignored.

#pragma once

#include "state/model/result.hpp"
#include "state/model/value.hpp"

#include <optional>
#include <string>
#include <vector>

namespace trueup {

// Each says where and what: "items[0].metadata: unknown property 'foo'".
using SchemaFaults = std::vector<std::string>;

class SwaggerDocument {
public:
    // Reads the document at `path`. Fails with not_found or rejected.
    static Result<SwaggerDocument> read(const std::string& path);

    // One operation: a path template such as "/v1/roles/{uid}" and a method such as "GET".
    struct Operation {
        std::string path;
        std::string method;
        const Map* operation = nullptr;
        const List* shared_parameters = nullptr; // of the path; may be null
    };

    // The operation of that very template; nothing when the document has none.
    std::optional<Operation> find_operation(const std::string& method,
                                            const std::string& path) const;
    // The operation that a real path, without its query, calls.
    std::optional<Operation> match(const std::string& method, const std::string& path) const;

    // True when the operation declares a parameter of this place and name ("query", "filters").
    bool
    has_parameter(const Operation& operation, const std::string& in, const std::string& name) const;

    // What is wrong with the body of a request of the operation. `text` is the body; "" : none.
    SchemaFaults check_request(const Operation& operation, const std::string& text) const;
    // What is wrong with an answer: a success status that is not declared, or a body that does not
    // fit. Answers from 400 on are held against the document's error definition.
    SchemaFaults
    check_response(const Operation& operation, int status, const std::string& text) const;
    // What is wrong with a value that should fit a definition such as "v1Role".
    SchemaFaults check_definition(const std::string& definition, const Value& value) const;

private:
    struct Shape;

    explicit SwaggerDocument(Value root) : root_(std::move(root)) {}

    std::vector<const Map*> parameters(const Operation& operation) const;
    const Value* resolve(const Value& schema) const;
    void gather(const Value& schema, Shape& shape, std::size_t depth) const;
    void check(const Value& value,
               const Value& schema,
               const std::string& at,
               SchemaFaults& faults) const;
    void check_object(const Map& map,
                      const Shape& shape,
                      const std::string& at,
                      SchemaFaults& faults) const;
    SchemaFaults check_text(const std::string& text, const Value* schema) const;

    Value root_;
};

} // namespace trueup
