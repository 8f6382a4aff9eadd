#pragma once
// One connection that plays a case, with its bytes split in some way, and judges what comes back.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "answer_reader.hpp"
#include "support/server_suite.hpp"
#include "wire_case.hpp"

namespace ferrule::wire {

/// How the bytes of a case are sent.
struct splitting {
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  bool every_byte = false;   ///< one by one
  std::size_t at = none;     ///< else in two pieces, split before this byte of the case
  bool more_behind = false;  ///< with one more request behind what closes the connection
  bool fin_behind = false;   ///< the client sends no more, and its last answers come all the same

  std::string name() const;
};

class conversation {
 public:
  conversation(reactor& loop, const address& to, const wire_case& played, splitting how);

  /// Looks at what came and sends what is next. To be called after every batch of the loop.
  void advance();
  /// The loop has been idle for long: whatever is missing will not come.
  void give_up();

  bool done() const { return done_; }
  /// Whether there was progress since this was last asked.
  bool moved() { return std::exchange(moved_, false); }
  /// What was wrong; empty: nothing.
  const std::string& fault() const { return fault_; }
  /// The answers without what differs from time to time.
  const std::string& transcript() const { return transcript_; }
  const std::string& received() const { return client_.received(); }

 private:
  bool read_answers();
  bool judge(const answer& got, const expected_answer& wanted);
  void send_next();
  void finish();
  void fail(std::string why);

  fate end() const { return how_.fin_behind ? fate::closed_late : case_.end; }
  const wire_step& step() const { return case_.steps[step_]; }
  bool all_sent() const { return step_ + 1 == case_.steps.size() && sent_ == step().bytes.size(); }

  http::raw_client client_;
  const wire_case& case_;
  splitting how_;
  std::size_t step_ = 0;
  std::size_t sent_ = 0;    // of this step's bytes
  std::size_t before_ = 0;  // bytes of the steps before
  std::size_t answer_ = 0;  // of this step's answers
  std::size_t read_ = 0;    // of the received bytes
  std::size_t heard_ = 0;
  bool last_word_sent_ = false;
  bool announced_close_ = false;
  bool moved_ = true;
  bool done_ = false;
  std::string fault_;
  std::string transcript_;
};

}  // namespace ferrule::wire
