// Reads one kind of a catalogue: its document, with the catalogue's defaults for what it leaves
// out.

#pragma once

#include "api/kinds/call.hpp"
#include "api/kinds/schema.hpp"
#include "state/model/kind.hpp"

#include <set>
#include <string>
#include <vector>

namespace trueup::kinds {

class KindReader {
public:
    // `defaults` is the `defaults` section of the catalogue, or nothing. Calls are added to
    // `noted`.
    KindReader(const Entry& document,
               const Entry& defaults,
               const ApiRules& api,
               Types& types,
               std::vector<NotedCall>& noted,
               Diagnostics& diagnostics);

    Kind read();

private:
    // What an operation stands for decides which parameters it may use.
    enum class About { collection, key, object };
    CallRules rules(std::string name, OperationClass operation_class, About about) const;
    Operation call(Section& section, const CallRules& rules);
    // The call at `at` alone: a string or a map.
    Operation single_call(const Entry& at, const CallRules& rules);
    std::vector<Operation> steps(Section& section, const std::string& name);

    void read_identity();
    void read_holdings();
    void check_key();
    void read_list();
    Paging read_paging(Section& list);
    void read_expired(const Entry& at, Paging& paging);
    std::vector<int> read_statuses(const Entry& at);
    void read_narrowing(Section& list, ListCall& call);
    void read_read();
    ExtraRead read_extra(const Entry& at);
    void read_create();
    void read_facets();
    Facet read_facet(const Entry& at);
    void read_children();
    void read_delete();
    void read_absent();
    void read_mark();
    void read_readiness();
    std::optional<Condition> condition(const Entry& at);

    void check_shape();
    void check_writable(const Field& field, const Path& path);
    // Reports the paths under `name` that the schema does not have.
    void check_in_schema(Section& section, std::string_view name, const std::vector<Path>& paths);

    Diagnostics* diagnostics_;
    Section section_;
    Entry defaults_;
    const ApiRules* api_;
    Types* types_;
    std::vector<NotedCall>* noted_;
    bool singleton_ = false; // as it says, even where it has a key by mistake
    Kind kind_;
};

} // namespace trueup::kinds
