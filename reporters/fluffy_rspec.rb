# Formatter of RSpec for Fluffy's kernel: RSpec's own JSON report as one sealed line. See fluffy_seal.rb.
require_relative "fluffy_seal"

Fluffy.libraries "rspec/core", "rspec/core/formatters/json_formatter"

module Fluffy
  # What decides whether an example passes.
  PARTS = [RSpec::Core::Example, RSpec::Core::Example::ExecutionResult, RSpec::Core::ExampleGroup, RSpec::Core::Reporter]
  DECISIVE = /\A(run|set_exception|fail_with|finish|status|exception|example_|close|expect\z|to\z|to_not|not_to|handle_|
    matches\?|does_not_match\?|match|values_match|eql?\z|be|equal|with_|instance_exec)/x

  begin
    libraries "rspec/expectations" do
      matchers = RSpec::Matchers::BuiltIn
      PARTS.push(
        RSpec::Expectations, RSpec::Expectations::ExpectationTarget, RSpec::Expectations::ExpectationHelper,
        RSpec::Expectations::PositiveExpectationHandler, RSpec::Expectations::NegativeExpectationHandler, RSpec::Matchers,
        *matchers.constants.map { |name| matchers.const_get(name) }.grep(Module)
      )
    end
  rescue LoadError
    # A project can have other assertions.
  end

  class Formatter < RSpec::Core::Formatters::JsonFormatter
    RSpec::Core::Formatters.register self, :message, :dump_summary, :dump_profile, :stop, :seed, :close,
      :example_started

    # A dry run tells of every example that it passed.
    def example_started(_notification)
      @dry ||= RSpec.configuration.dry_run?
    end

    write = Fluffy.seal
    changed = Fluffy.watch(PARTS + [self], DECISIVE)
    define_method(:close) do |_notification|
      # It can also be in the way of what RSpec puts into each group.
      hidden = RSpec.world.all_example_groups.any? do |group|
        [:expect, :is_expected].any? { |name| group.method_defined?(name) && !Fluffy.library?(group.instance_method(name)) }
      end
      write.call(output_hash.merge(dry: @dry == true, changed: changed.call || hidden))
    end
  end
end
