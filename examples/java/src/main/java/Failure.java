import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.Optional;
import java.util.stream.Collectors;
import ostiary.errors.v1.ErrorInfo;
import ostiary.errors.v1.FormRejected;
import ostiary.errors.v1.Reauthenticate;

/** Why a call failed: what its details say. */
record Failure(ErrorInfo info, Optional<FormRejected> form, Optional<Reauthenticate> reauthenticate) {
  static Failure of(StatusRuntimeException error) throws InvalidProtocolBufferException {
    var info = ErrorInfo.getDefaultInstance();
    Optional<FormRejected> form = Optional.empty();
    Optional<Reauthenticate> again = Optional.empty();
    for (Any detail : StatusProto.fromThrowable(error).getDetailsList()) {
      if (detail.is(ErrorInfo.class)) info = detail.unpack(ErrorInfo.class);
      if (detail.is(FormRejected.class)) form = Optional.of(detail.unpack(FormRejected.class));
      if (detail.is(Reauthenticate.class)) again = Optional.of(detail.unpack(Reauthenticate.class));
    }
    return new Failure(info, form, again);
  }

  @Override
  public String toString() {
    var messages = form.stream().flatMap(each -> each.getMessagesList().stream());
    return info.getReason() + messages.map(each -> " " + each.getText().getId()).collect(Collectors.joining());
  }
}
